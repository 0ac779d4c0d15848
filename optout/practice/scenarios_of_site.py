"""Scenarios about the whole site: what is in the way everywhere, sessions, slow-downs, signing in."""

from __future__ import annotations

from optout.practice.faults import ENDED, NEEDS_HUMAN, NOT_ALL_OFF, Expected, Fault, Scenario, SiteFault, among, on
from optout.practice.members import DEFAULT_IDS, UNLISTED
from optout.practice.words import Words

_EVERYTHING = frozenset(DEFAULT_IDS)
_NOT_IN = Expected(
    default=frozenset({"not-reached"}),
    status=frozenset({"needs-human"}),
    exit_codes=NEEDS_HUMAN,
    must_stay=_EVERYTHING,
)
_ELSEWHERE = Expected(
    default=frozenset({"not-reached"}),
    status=frozenset({"needs-human", "failed"}),
    exit_codes=frozenset({1, 3}),
    must_stay=_EVERYTHING,
    password_posts_at_most=0,
)
_SLOWED_DOWN = Expected(
    among("not-reached failed", "ads-groups"),
    default=ENDED,
    status=frozenset({"failed"}),
    exit_codes=NOT_ALL_OFF,
)

SITE_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "cookie-banner",
        "A cookie banner covers the lower half of every page until it is answered.",
        Expected(cookie_answer="reject"),
        site_faults=frozenset({SiteFault.COOKIE_BANNER}),
    ),
    Scenario(
        "cookie-banner-modal",
        "Pages are rendered only after the cookie banner is answered.",
        Expected(cookie_answer="reject"),
        site_faults=frozenset({SiteFault.COOKIE_BANNER_MODAL}),
    ),
    Scenario(
        "cascade-gone",
        "Switching off ads off the site makes affiliate sharing vanish, row and control.",
        Expected(
            among("turned-off already-off not-offered unreadable not-found", "affiliate-sharing"),
            exit_codes=frozenset({0, 1}),
        ),
        site_faults=frozenset({SiteFault.CASCADE_GONE}),
    ),
    Scenario(
        "cascade-disabled",
        "Switching off ads off the site switches affiliate sharing off and disables it.",
        site_faults=frozenset({SiteFault.CASCADE_DISABLED}),
    ),
    Scenario(
        "raised-by-another",
        "Switching off ads by age switches on two that were off; the index row of one of them shows no value.",
        Expected(among("turned-off", "ads-gender ads-employer")),
        site_faults=frozenset({SiteFault.RAISES}),
        off_at_start=frozenset({"ads-gender", "ads-employer"}),
    ),
    Scenario(
        "unlisted-control",
        "An index lists a control that the catalogue does not know.",
        Expected(unlisted=(Words("en").label(UNLISTED.id),)),
        site_faults=frozenset({SiteFault.UNLISTED}),
    ),
    Scenario(
        "session-expired",
        "The session ends once, in mid-run, and the password has been used.",
        # Used once per run: what was clicked and not proved by then is `failed`.
        Expected(
            default=frozenset({"turned-off", "not-reached", "failed"}),
            status=frozenset({"needs-human"}),
            exit_codes=NEEDS_HUMAN,
        ),
        site_faults=frozenset({SiteFault.SESSION_EXPIRES_ONCE}),
    ),
    Scenario(
        "session-expired-always",
        "Every session ends after three pages.",
        Expected(
            default=ENDED | {"not-saved", "unreadable"},
            status=frozenset({"needs-human"}),
            exit_codes=NEEDS_HUMAN,
        ),
        site_faults=frozenset({SiteFault.SESSION_EXPIRES_ALWAYS}),
    ),
    Scenario(
        "challenge-midrun",
        "One page leads to a captcha, and so does every page after it.",
        Expected(
            among("not-reached failed", "ads-groups"),
            default=ENDED,
            status=frozenset({"needs-human"}),
            exit_codes=NEEDS_HUMAN,
        ),
        on({Fault.CHALLENGE: "ads-groups"}),
    ),
    Scenario(
        "slow-down-429",
        "One page answers 429, and so does every page after it.",
        _SLOWED_DOWN,
        on({Fault.PAGE_429: "ads-groups"}),
    ),
    Scenario(
        "slow-down-999",
        "One page answers 999, and so does every page after it.",
        _SLOWED_DOWN,
        on({Fault.PAGE_999: "ads-groups"}),
    ),
    Scenario(
        "slow-down-api",
        "The data of one page is answered with 429, and so is all data after it.",
        _SLOWED_DOWN,
        on({Fault.DATA_429: "ads-groups"}),
    ),
)

SIGN_IN_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "sign-in-redirects-elsewhere",
        "The sign-in page redirects to another origin that looks the same.",
        _ELSEWHERE,
        site_faults=frozenset({SiteFault.SIGN_IN_ELSEWHERE}),
    ),
    Scenario(
        "sign-in-form-posts-elsewhere",
        "The sign-in form sends what is typed to another origin.",
        _ELSEWHERE,
        site_faults=frozenset({SiteFault.FORM_ELSEWHERE}),
    ),
    Scenario("wrong-password", "The site refuses the password.", _NOT_IN, sign_in="wrong-password"),
    Scenario("captcha", "After the password comes a captcha.", _NOT_IN, sign_in="captcha"),
    Scenario("approval", "After the password somebody must say yes in the app.", _NOT_IN, sign_in="approval"),
    Scenario(
        "emailed-code",
        "After the password comes a code by email, which only somebody at a terminal can type.",
        Expected(
            default=frozenset({"turned-off", "not-reached"}),
            status=frozenset({"done", "needs-human"}),
            exit_codes=frozenset({0, 3}),
        ),
        sign_in="emailed-code",
    ),
    Scenario(
        "two-step-totp", "After the password comes an authenticator code, whose secret is stored.", sign_in="totp"
    ),
    Scenario(
        "unknown-challenge",
        "After the password comes a check of an unknown kind.",
        _NOT_IN,
        sign_in="unknown-challenge",
    ),
    Scenario(
        "fake-nav-challenge",
        "The challenge page shows the navigation of a signed-in member.",
        _NOT_IN,
        sign_in="fake-nav-challenge",
    ),
)
