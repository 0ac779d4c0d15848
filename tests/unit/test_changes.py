"""What changed since: every pair of a last state and a present one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from optout.changes import change_since, row_change_since
from optout.history_rows import RowsSeen, Verified
from optout.outcomes import Outcome, SettingResult, State, Unlisted
from tests.report_examples import ORIGIN, setting

DAY = datetime(2026, 11, 1, tzinfo=UTC)
IS_ON = setting("A", Outcome.WOULD_TURN_OFF, State.ON)
IS_OFF = setting("A", Outcome.ALREADY_OFF, State.OFF)
GONE = setting("A", Outcome.NOT_OFFERED)
UNREAD = setting("A", Outcome.UNREADABLE, reason="two readings disagree")


def last(state: State) -> Verified:
    return Verified(state, DAY, 1, "2026", {}, "run")


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (IS_ON, State.OFF, "was off on 2026-11-01; turned on again since"),
        (IS_OFF, State.ON, "was on on 2026-11-01; turned off since"),
        (IS_OFF, State.MIXED, "was partly on on 2026-11-01; turned off since"),
        (GONE, State.OFF, "was off on 2026-11-01; the site no longer offers it"),
        (IS_ON, State.ABSENT, "was not offered on 2026-11-01; the site offers it now, and it is on"),
        (GONE, State.ABSENT, None),
        (IS_ON, State.ON, None),
        (IS_OFF, State.OFF, None),
        (UNREAD, State.OFF, None),
    ],
)
def test_a_setting_says_what_became_of_its_last_state(now: SettingResult, before: State, said: str | None) -> None:
    assert change_since(now, last(before)) == said
    assert change_since(now, None) is None


@pytest.mark.parametrize(
    ("state", "seen", "said"),
    [
        (State.ON, {}, "new since 2026-11-01"),
        (State.ON, {f"{ORIGIN}/voice": State.ON}, None),
        (State.ON, {f"{ORIGIN}/voice": State.OFF}, "was off on 2026-11-01; turned on since"),
        (State.OFF, {f"{ORIGIN}/voice": State.ON}, None),
    ],
)
def test_a_row_is_news_once(state: State, seen: dict[str, State], said: str | None) -> None:
    row = Unlisted("Voice", f"{ORIGIN}/voice?from=index", state)
    assert row_change_since(row, RowsSeen(DAY, seen)) == said
    assert row_change_since(row, None) is None
