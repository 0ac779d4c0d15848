"""The record keeper: what is written before a click, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from optout.cases import Case
from optout.history import History, Intent
from optout.ledger import HistoryLedger
from optout.outcomes import AccountResult, Outcome, Reading, SettingResult, State, Status
from tests.views import AGE_PATH, ORIGIN, setting

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
READING = Reading(State.ON, ORIGIN + AGE_PATH, "2026-07", AT)
CLAIM = SettingResult("ads-age", "ads", "Age range", Outcome.TURNED_OFF, READING.url, selector="2026-07", checked_at=AT)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path / "history.sqlite") as history:
        yield history


def begun(history: History, command: str = "run") -> tuple[int, HistoryLedger]:
    run_id = history.begin_run(command, False, {"me": ORIGIN}, program_version="1", catalogue_version="1")
    return run_id, HistoryLedger(history, run_id, "me", ORIGIN, pictures=False)


def result(*settings: SettingResult) -> AccountResult:
    return AccountResult("me", "linkedin", Status.DONE, None, 1, settings)


def left_open(tmp_path: Path) -> tuple[Intent, ...]:
    """What another program finds unfinished."""
    with History.open(tmp_path / "history.sqlite") as other:
        return other.unfinished("me", ORIGIN)


def test_an_intent_is_on_the_disk_before_the_click(history: History, tmp_path: Path) -> None:
    _, ledger = begun(history)
    ledger.intend(Case(setting()), READING, {"boxes": ["a#0"], "value": None})
    (found,) = left_open(tmp_path)
    assert (found.setting_id, found.before, found.url, found.detail) == (
        "ads-age",
        State.ON,
        READING.url,
        {"boxes": ["a#0"], "value": None},
    )


def test_a_proved_outcome_closes_the_intent(history: History, tmp_path: Path) -> None:
    _, ledger = begun(history)
    ledger.intend(Case(setting()), READING, {})
    ledger.conclude(result(CLAIM), {})
    assert left_open(tmp_path) == ()
    assert [one.setting_id for one in history.last_changes("me", ORIGIN)] == ["ads-age"]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.NOT_REACHED, Outcome.UNREADABLE, Outcome.NOT_FOUND])
def test_what_was_not_proved_stays_open_for_the_next_run(history: History, tmp_path: Path, outcome: Outcome) -> None:
    _, ledger = begun(history)
    ledger.intend(Case(setting()), READING, {})
    ledger.conclude(result(replace(CLAIM, outcome=outcome, reason="the run ended")), {})
    assert [one.setting_id for one in left_open(tmp_path)] == ["ads-age"]


def test_a_killed_runs_intent_that_is_found_off_was_a_change(history: History, tmp_path: Path) -> None:
    """The click went through, the program died before it could say so: undo has to know it."""
    _, killed = begun(history)
    killed.intend(Case(setting()), READING, {})
    open_ = left_open(tmp_path)
    assert [one.run_was_done for one in open_] == [False]
    run_id, ledger = begun(history)
    ledger.conclude(result(replace(CLAIM, outcome=Outcome.ALREADY_OFF)), {"ads-age": open_})
    assert [one.run_id for one in history.last_changes("me", ORIGIN)] == [run_id]
    assert left_open(tmp_path) == ()
    assert [one.setting_id for one in history.last_changes("me", ORIGIN)] == ["ads-age"]


def test_a_change_that_is_proved_later_stays_one_of_its_own_run(history: History, tmp_path: Path) -> None:
    """Another run that only finds it off does not part it from what was changed with it."""
    first, ledger = begun(history)
    ledger.intend(Case(setting()), READING, {})
    ledger.conclude(result(replace(CLAIM, outcome=Outcome.UNREADABLE, reason="two readings disagree")), {})
    open_ = left_open(tmp_path)
    assert [one.run_was_done for one in open_] == [True]
    _, ledger = begun(history)
    ledger.conclude(result(replace(CLAIM, outcome=Outcome.ALREADY_OFF)), {"ads-age": open_})
    assert left_open(tmp_path) == ()
    assert [one.run_id for one in history.last_changes("me", ORIGIN)] == [first]


@pytest.mark.parametrize(("after", "is_open"), [(State.MIXED, True), (State.ON, False)])
def test_boxes_that_were_saved_in_part_stay_open(history: History, tmp_path: Path, after: State, is_open: bool) -> None:
    _, ledger = begun(history)
    ledger.intend(Case(setting()), READING, {"boxes": ["a#0", "b#0"]})
    ledger.conclude(result(replace(CLAIM, outcome=Outcome.NOT_SAVED, before=State.ON, after=after, reason="no")), {})
    assert bool(left_open(tmp_path)) is is_open
