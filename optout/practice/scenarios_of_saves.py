"""Scenarios about saves that do not last, old answers, and indexes."""

from __future__ import annotations

from types import MappingProxyType

from optout.practice.faults import EITHER, NOT_ALL_OFF, Expected, Fault, Scenario, SiteFault, among, on
from optout.practice.members import DEFAULT_IDS, SETTINGS, UNLISTED
from optout.practice.words import Words

_ALL = frozenset(setting.id for setting in SETTINGS)
# The settings whose newer path is not known in advance: only the index, or an older spelling, leads to them.
_WITHOUT_PATH = "ads-companies-followed ads-education ads-job-information ads-employer affiliate-sharing"

SAVE_SCENARIOS: tuple[Scenario, ...] = (
    Scenario("plain", "Everything works."),
    Scenario(
        "all-off",
        "Everything is off already.",
        Expected(default=frozenset({"already-off"}), must_stay=_ALL),
        off_at_start=_ALL,
    ),
    Scenario(
        "save-refused-500",
        "The server answers some saves with an error and keeps nothing.",
        Expected(among("not-saved", "ads-age ads-groups ads-education"), exit_codes=NOT_ALL_OFF),
        on({Fault.SAVE_REFUSED: "ads-age ads-groups ads-education"}),
    ),
    Scenario(
        "save-refused-silently",
        "The server answers some saves with 200 and keeps nothing.",
        Expected(among("not-saved", "ads-age ads-groups ads-education"), exit_codes=NOT_ALL_OFF),
        on({Fault.SAVE_FORGOTTEN: "ads-age ads-groups ads-education"}),
    ),
    Scenario(
        "save-reverted",
        "The server keeps some saves and takes them back one second later.",
        Expected(among("not-saved unreadable", "ads-age ads-groups ads-employer"), exit_codes=NOT_ALL_OFF),
        on({Fault.SAVE_REVERTED: "ads-age ads-groups ads-employer"}),
    ),
    Scenario(
        "save-never-sent",
        "Some switches flip on screen and send nothing.",
        Expected(among("not-saved", "ads-age ads-groups"), exit_codes=NOT_ALL_OFF),
        on({Fault.SAVE_NEVER_SENT: "ads-age ads-groups"}),
    ),
    Scenario(
        "slow-save",
        "Some saves take three seconds, and are lost if the page is left before.",
        faults=on({Fault.SAVE_SLOW: "ads-age ads-groups ads-location"}),
    ),
    Scenario(
        "debounced-save",
        "Some saves are sent 700 ms after the click.",
        faults=on({Fault.SAVE_DEBOUNCED: "ads-age ads-groups ads-employer"}),
    ),
    Scenario(
        "stale-http-cache",
        "Some pages may be cached for an hour, and one is answered by a shared cache that still has Off.",
        Expected(among("turned-off unreadable", "ads-age ads-groups ads-gender"), exit_codes=EITHER),
        on({Fault.CACHED: "ads-age ads-groups", Fault.CACHED_OFF: "ads-gender"}),
    ),
    Scenario(
        "stale-service-worker",
        "A service worker answers some pages with an old On for ever, and others with an old Off.",
        faults=on({Fault.WORKER_ON: "ads-age ads-groups", Fault.WORKER_OFF: "ads-gender ads-location"}),
    ),
)

INDEX_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "index-stale",
        "The index goes on showing On for some settings that have been switched off.",
        Expected(among("unreadable", "ads-age ads-groups ads-location"), exit_codes=NOT_ALL_OFF),
        on({Fault.ROW_STALE: "ads-age ads-groups ads-location"}),
    ),
    Scenario(
        "index-wrong",
        "The index shows the opposite for some settings, one of which is off.",
        Expected(
            among("unreadable", "ads-age ads-gender ads-location"),
            exit_codes=NOT_ALL_OFF,
            must_stay=frozenset({"ads-age", "ads-gender", "ads-location"}),
        ),
        on({Fault.ROW_WRONG: "ads-age ads-gender ads-location"}),
        off_at_start=frozenset({"ads-location"}),
    ),
    Scenario(
        "index-late", "The rows of the indexes appear after 2.5 seconds.", site_faults=frozenset({SiteFault.INDEX_LATE})
    ),
    Scenario(
        "index-in-batches",
        "The rows of the indexes come in batches, half a second apart.",
        site_faults=frozenset({SiteFault.INDEX_IN_BATCHES}),
    ),
    Scenario(
        "index-trickles",
        "The sections of the indexes come more than three seconds apart; only a row of the last one leads to its page.",
        faults=on({Fault.MOVED: "affiliate-sharing"}),
        site_faults=frozenset({SiteFault.INDEX_TRICKLES}),
    ),
    Scenario(
        "index-folded",
        "All sections of the indexes but the first are folded; only a row in there leads to its page.",
        Expected(
            among("not-found", "affiliate-sharing"),
            exit_codes=NOT_ALL_OFF,
        ),
        on({Fault.MOVED: "affiliate-sharing"}),
        site_faults=frozenset({SiteFault.INDEX_FOLDED}),
    ),
    Scenario(
        "index-pictures",
        "The rows show their values as pictures with a name; one goes on showing On, and one is not in the catalogue.",
        Expected(
            among("unreadable", "ads-age"),
            exit_codes=NOT_ALL_OFF,
            unlisted=(Words("en").label(UNLISTED.id),),
        ),
        on({Fault.ROW_STALE: "ads-age"}),
        site_faults=frozenset({SiteFault.INDEX_PICTURES, SiteFault.UNLISTED}),
    ),
    Scenario(
        "index-down",
        "The indexes answer 500 while the settings' own pages work.",
        Expected(
            MappingProxyType(
                {
                    **among("turned-off unreadable", " ".join(DEFAULT_IDS)),
                    **among("turned-off unreadable not-found failed", _WITHOUT_PATH),
                }
            ),
            exit_codes=EITHER,
        ),
        site_faults=frozenset({SiteFault.INDEX_DOWN}),
    ),
    Scenario(
        "index-partial",
        "Some rows are missing although the settings' own pages are there.",
        Expected(
            among("turned-off unreadable not-found", "ai-training ads-age ads-companies-followed"), exit_codes=EITHER
        ),
        on({Fault.ROW_MISSING: "ai-training ads-age ads-companies-followed"}),
    ),
    Scenario(
        "region-absent",
        "Some controls and their rows do not exist in this account's region.",
        Expected(
            MappingProxyType(
                {
                    **among("not-offered", "ads-inferred-location ads-measure-success affiliate-sharing"),
                    **among("not-offered not-found", "ads-groups"),
                }
            ),
            exit_codes=EITHER,
        ),
        on(
            {
                Fault.GONE_404: "ads-inferred-location affiliate-sharing",
                Fault.GONE_TO_INDEX: "ads-measure-success",
                Fault.GONE_EMPTY: "ads-groups",
            }
        ),
    ),
)
