"""Scenarios about what a setting's own page shows, hides, or puts in the way."""

from __future__ import annotations

from types import MappingProxyType

from optout.practice.faults import EITHER, NOT_ALL_OFF, Expected, Fault, Scenario, among, on
from optout.practice.members import DEFAULT_IDS
from optout.practice.words import Words

# No German label of theirs is known, and their paths or ids alone are one witness.
_WITHOUT_GERMAN = " ".join(
    (
        "ads-connections ads-companies-followed ads-education ads-job-information",
        "ads-employer ads-display-format ads-location",
    )
)
CONTROL_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "disabled-control",
        "Some controls are on and disabled.",
        Expected(
            among("failed", "ads-age ads-employer"),
            exit_codes=NOT_ALL_OFF,
            must_stay=frozenset({"ads-age", "ads-employer"}),
        ),
        on({Fault.DISABLED: "ads-age ads-employer"}),
    ),
    Scenario(
        "two-equal-candidates",
        "Some pages hold two controls that fit equally well.",
        Expected(
            among("not-found", "ads-age ads-groups"),
            exit_codes=NOT_ALL_OFF,
            must_stay=frozenset({"ads-age", "ads-groups"}),
        ),
        on({Fault.TWO_CANDIDATES: "ads-age ads-groups"}),
    ),
    Scenario(
        "inverted-undeclared",
        "Some controls read “Do not use my data”, checked means opted out, and the catalogue does not know it.",
        Expected(
            among("not-found", "ads-age ads-groups ads-location"),
            exit_codes=NOT_ALL_OFF,
            must_stay=frozenset({"ads-age", "ads-groups", "ads-location"}),
        ),
        on({Fault.INVERTED: "ads-age ads-groups ads-location"}),
        off_at_start=frozenset({"ads-location"}),
    ),
    Scenario(
        "decoys-inside-main",
        "Other switches with similar labels stand in the main region.",
        Expected(among("turned-off not-found", "ads-groups ai-training"), exit_codes=EITHER),
        on({Fault.DECOYS_INSIDE: "ads-age ads-groups ai-training"}),
    ),
    Scenario(
        "decoys-outside-main",
        "Other switches with the same labels stand outside the main region.",
        faults=on({Fault.DECOYS_OUTSIDE: "ads-age ads-groups ai-training"}),
    ),
    Scenario(
        "aria-disagrees",
        "Some switches are checked while their aria-checked says false.",
        Expected(
            among("unreadable", "ads-age ads-groups"),
            exit_codes=NOT_ALL_OFF,
            must_stay=frozenset({"ads-age", "ads-groups"}),
        ),
        on({Fault.ARIA_DISAGREES: "ads-age ads-groups"}),
    ),
    Scenario(
        "button-switch",
        "Some controls are a button with the switch role and aria-checked.",
        faults=on({Fault.BUTTON: "ads-age ads-groups"}),
    ),
    Scenario(
        "frame-control",
        "Some controls are inside a frame of the same origin.",
        faults=on({Fault.FRAME: "ads-age ads-groups"}),
    ),
    Scenario(
        "shadow-control",
        "Some controls are inside an open shadow root.",
        faults=on({Fault.SHADOW: "ads-age ads-groups"}),
    ),
    Scenario(
        "relabelled",
        "Some settings are called something else everywhere.",
        Expected(
            among(
                "turned-off not-found",
                "ads-age ads-gender ads-groups ads-companies-followed ads-education ai-training",
            ),
            exit_codes=EITHER,
            # Its row has another label and its path is not known: to the program it is a new control.
            unlisted=("Pages you watch",),
        ),
        on({Fault.REWORDED: "ads-age ads-gender ads-groups ads-companies-followed ads-education ai-training"}),
    ),
    Scenario(
        "moved-paths",
        "Some pages have moved; only the index leads to them.",
        Expected(among("turned-off not-found", "ads-groups ads-education"), exit_codes=EITHER),
        on({Fault.MOVED: "ads-age ads-groups ads-education"}),
    ),
    Scenario(
        "other-generations",
        "Every page comes from one of three generations of the site.",
        # In older ones the page of interests gives its switch no id and no label of its own.
        Expected(among("turned-off not-found", "ads-interests"), exit_codes=EITHER),
        generation="mixed",
    ),
    Scenario(
        "german",
        "The site speaks German, in which the catalogue knows few labels.",
        Expected(
            among("turned-off not-found", _WITHOUT_GERMAN),
            exit_codes=EITHER,
            # Neither this label nor its path is known, and its row shows a value: news.
            unlisted=(Words("de").label("ads-companies-followed"),),
        ),
        language="de",
    ),
    Scenario(
        "moved-in-french",
        "A page has moved, and its row speaks French, in which the catalogue has no label of it.",
        Expected(
            among("turned-off not-found", f"{_WITHOUT_GERMAN} affiliate-sharing"),
            exit_codes=EITHER,
            unlisted=(Words("fr").label("ads-companies-followed"), Words("fr").label("affiliate-sharing")),
        ),
        on({Fault.MOVED: "affiliate-sharing"}),
        language="fr",
    ),
    Scenario(
        "swedish",
        "The site speaks a language that the catalogue does not know.",
        Expected(default=frozenset({"turned-off", "unreadable", "not-found"}), exit_codes=EITHER),
        language="sv",
    ),
)

PAGE_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "confirm-dialog",
        "Switching some settings off asks in a dialog of the page: Turn off, or Cancel.",
        faults=on({Fault.CONFIRM_DIALOG: "ai-training ads-age ads-groups ads-employer"}),
    ),
    Scenario(
        "confirm-native",
        "Switching some settings off asks in a dialog of the browser.",
        faults=on({Fault.CONFIRM_NATIVE: "ads-age ads-groups"}),
    ),
    Scenario(
        "confirm-keeping",
        "Switching some settings off asks whether to keep them on: Yes, keep, or No, turn off.",
        Expected(must_stay=frozenset({"dialog/continue"})),
        on({Fault.CONFIRM_KEEPING: "ads-age ads-groups"}),
    ),
    Scenario(
        "offer-after-save",
        "Once some settings are off, a dialog says so and offers something else: Yes, or No thanks.",
        Expected(must_stay=frozenset({"dialog/continue", "dialog/later"})),
        on({Fault.OFFER_AFTER: "ads-age ads-groups"}),
    ),
    Scenario(
        "unknown-dialog",
        "Switching some settings off opens a dialog about something else.",
        Expected(
            among("not-saved", "ads-age ads-groups"),
            exit_codes=NOT_ALL_OFF,
            must_stay=frozenset({"ads-age", "ads-groups", "dialog/continue", "dialog/later"}),
        ),
        on({Fault.UNKNOWN_DIALOG: "ads-age ads-groups"}),
    ),
    Scenario(
        "toast-over-control",
        "A toast lies over some controls for four seconds, and has a meaning of its own.",
        faults=on({Fault.TOAST_OVER: "ads-age ads-groups"}),
    ),
    Scenario(
        "wrong-page",
        "Some settings' paths serve the page of another setting.",
        Expected(
            among("not-found", "ads-age ads-groups"),
            exit_codes=NOT_ALL_OFF,
            must_stay=frozenset({"ads-age", "ads-groups"}),
        ),
        on({Fault.OTHER_LISTED_PAGE: "ads-age", Fault.OTHER_UNLISTED_PAGE: "ads-groups"}),
    ),
    Scenario(
        "late-render",
        "Some pages render two seconds late.",
        faults=on({Fault.LATE: "ads-age ads-groups ads-education"}),
    ),
    Scenario(
        "wrong-then-right",
        "Some switches are drawn in the wrong state first; the true one arrives 600 ms later.",
        Expected(
            MappingProxyType(
                {
                    **among("turned-off unreadable", "ads-age ads-gender"),
                    **among("already-off unreadable", "ads-location"),
                }
            ),
            exit_codes=EITHER,
            must_stay=frozenset({"ads-location"}),
        ),
        on({Fault.WRONG_FIRST: "ads-age ads-gender ads-location"}),
        off_at_start=frozenset({"ads-location"}),
    ),
    Scenario("big-page", "Some pages have 20,000 nodes.", faults=on({Fault.BIG: "ads-age ads-groups"})),
    Scenario(
        "beforeunload",
        "Some pages ask before they are left.",
        faults=on({Fault.BEFOREUNLOAD: "ads-age ads-groups"}),
    ),
    Scenario(
        "popup",
        "Some pages open a window when they load and when something is clicked.",
        faults=on({Fault.POPUP: "ads-age ads-groups"}),
    ),
    Scenario(
        "raf-render",
        "Every page renders in an animation frame, which a hidden tab never gets.",
        faults=on({Fault.RAF: " ".join(DEFAULT_IDS)}),
    ),
    Scenario(
        "error-500-pages",
        "Some pages answer 500.",
        Expected(among("failed", "ads-age ads-groups"), exit_codes=NOT_ALL_OFF),
        on({Fault.PAGE_500: "ads-age ads-groups"}),
    ),
    Scenario(
        "page-says-it-failed",
        "Some pages answer 200, show no control and say that something went wrong; one of them has no row either.",
        Expected(among("failed", "ads-age ads-groups"), exit_codes=NOT_ALL_OFF),
        on({Fault.SAYS_FAILED: "ads-age ads-groups", Fault.ROW_MISSING: "ads-age"}),
    ),
    Scenario(
        "dropped-connection",
        "Some pages are never answered: the connection is closed.",
        Expected(among("failed", "ads-age ads-groups"), exit_codes=NOT_ALL_OFF),
        on({Fault.DROPPED: "ads-age ads-groups"}),
    ),
    Scenario(
        "never-finishes",
        "Some pages begin and never end.",
        Expected(among("failed", "ads-age ads-groups"), exit_codes=NOT_ALL_OFF),
        on({Fault.NEVER_FINISHES: "ads-age ads-groups"}),
    ),
    Scenario(
        "redirect-loop",
        "Some pages redirect to themselves.",
        Expected(among("failed", "ads-age ads-groups"), exit_codes=NOT_ALL_OFF),
        on({Fault.REDIRECT_LOOP: "ads-age ads-groups"}),
    ),
)
