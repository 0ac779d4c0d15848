"""What is different since a setting was last verified, and which rows of an index are new: pure, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optout.history_rows import RowsSeen, Verified, clean_url
from optout.outcomes import AccountResult, Outcome, SettingResult, State, Unlisted
from optout.report.words import state_in_words

ACTIVE = (State.ON, State.MIXED)


def with_changes(result: AccountResult, verified: Mapping[str, Verified], seen: RowsSeen | None) -> AccountResult:
    """The result with what changed since earlier runs; `seen` is None where no run looked at the indexes before."""
    return replace(
        result,
        settings=tuple(replace(one, change=change_since(one, verified.get(one.id))) for one in result.settings),
        unlisted=tuple(replace(row, change=row_change_since(row, seen)) for row in result.unlisted),
    )


def change_since(setting: SettingResult, last: Verified | None) -> str | None:
    """What changed since a setting was last verified; None if nothing did or nothing is known."""
    if last is None:
        return None
    day, was = last.at.date().isoformat(), state_in_words(last.state)
    if setting.outcome is Outcome.NOT_OFFERED:
        return None if last.state is State.ABSENT else f"was {was} on {day}; the site no longer offers it"
    now = setting.before if setting.before is not None else setting.after
    if now in ACTIVE and last.state is State.OFF:
        return f"was off on {day}; turned on again since"
    if now is State.OFF and last.state in ACTIVE:
        return f"was {was} on {day}; turned off since"
    if last.state is State.ABSENT and now in (State.OFF, *ACTIVE):
        return f"was not offered on {day}; the site offers it now, and it is {state_in_words(now)}"
    return None


def row_change_since(row: Unlisted, seen: RowsSeen | None) -> str | None:
    """What is new about a row that the catalogue does not know; None if it was there before, in the same state."""
    if seen is None:
        return None
    day, before = seen.at.date().isoformat(), seen.states.get(clean_url(row.url))
    if before is None:
        return f"new since {day}"
    if row.state in ACTIVE and before is State.OFF:
        return f"was off on {day}; turned on since"
    return None
