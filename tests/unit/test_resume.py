"""Going on with a stopped bulk run, from what the history has recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from optout.errors import Stopped
from optout.history import History
from optout.outcomes import AccountResult, Outcome, RunResult, SettingResult, State, Status, exit_code
from optout.resume import finished_before

ORIGIN = "https://service.test"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
IDS = ("first", "second")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(tmp_path / "history.sqlite") as history:
        yield history


def setting(key: str, outcome: Outcome = Outcome.TURNED_OFF) -> SettingResult:
    if outcome is Outcome.TURNED_OFF:
        return SettingResult(
            key, "group", key, outcome, f"{ORIGIN}/{key}", State.ON, State.OFF, selector="1", checked_at=NOON
        )
    return SettingResult(key, "group", key, outcome, reason="the site did not keep the change")


def done(account: str, *settings: SettingResult) -> AccountResult:
    return AccountResult(account, "service", Status.DONE, None, 40, settings or (setting("first"), setting("second")))


def stopped(account: str, reason: str = Stopped.TEXT) -> AccountResult:
    left = tuple(SettingResult(key, "group", key, Outcome.NOT_REACHED, reason=reason) for key in IDS)
    return AccountResult(account, "service", Status.FAILED, reason, 3, left)


def record(
    history: History,
    *accounts: AccountResult,
    command: str = "run",
    dry_run: bool = False,
    started: datetime = NOON,
    origin: str = ORIGIN,
    is_finished: bool = True,
) -> int:
    names = {one.account: origin for one in accounts}
    run_id = history.begin_run(
        command, dry_run, names, program_version="1", catalogue_version="2026-11-01", started=started
    )
    for one in accounts:
        if one.reason != "killed":
            history.finish_account(run_id, one, origin)
    if is_finished:
        history.finish_run(run_id, RunResult(command, dry_run, started, 1.0, accounts, run_id))
    return run_id


def asked(
    history: History, *, ids: tuple[str, ...] = IDS, after: timedelta = timedelta(hours=1)
) -> AccountResult | None:
    return finished_before(history, "anna", ORIGIN, ids, 1000, NOON + after)


def test_an_account_that_a_stopped_run_finished_is_skipped_with_its_results(history: History) -> None:
    record(history, done("anna"), stopped("ben"))

    found = asked(history)

    assert found is not None
    assert found.status is Status.SKIPPED
    assert found.page_loads == 0
    assert found.reason == "finished in the run of 2026-11-23T12:00:00Z, which was stopped; not visited again so soon"
    assert [one.outcome for one in found.settings] == [Outcome.TURNED_OFF, Outcome.TURNED_OFF]
    assert exit_code((found,), reading_is_enough=False) == 0


def test_the_account_that_was_stopped_is_visited(history: History) -> None:
    record(history, stopped("anna"), done("ben"))
    assert asked(history) is None


def test_a_killed_run_counts_as_stopped(history: History) -> None:
    record(history, done("anna"), stopped("ben", "killed"), is_finished=False)
    assert asked(history) is not None


def test_only_the_settings_asked_for_are_reported_in_their_order(history: History) -> None:
    record(history, done("anna"), stopped("ben"))
    found = asked(history, ids=("second",))
    assert found is not None
    assert [one.id for one in found.settings] == ["second"]


def test_another_scope_is_visited(history: History) -> None:
    record(history, done("anna"), stopped("ben"))
    assert asked(history, ids=("first", "third")) is None


def test_after_twelve_hours_it_is_visited_again(history: History) -> None:
    record(history, done("anna"), stopped("ben"))
    assert asked(history, after=timedelta(hours=11, minutes=59)) is not None
    assert asked(history, after=timedelta(hours=12, seconds=1)) is None


def test_a_run_that_came_to_its_end_is_not_gone_on_with(history: History) -> None:
    record(history, done("anna"), stopped("ben", "the site asked to slow down"))
    assert asked(history) is None


@pytest.mark.parametrize("later", ["undo", "check", "run"])
def test_whatever_happened_to_the_account_since_has_it_visited(history: History, later: str) -> None:
    record(history, done("anna"), stopped("ben"))
    record(history, done("anna"), command=later, started=NOON + timedelta(minutes=5))
    assert asked(history) is None


def test_a_run_of_another_account_since_changes_nothing(history: History) -> None:
    record(history, done("anna"), stopped("ben"))
    record(history, done("ben"), started=NOON + timedelta(minutes=5))
    assert asked(history) is not None


def test_a_second_stop_keeps_what_the_first_run_finished(history: History) -> None:
    record(history, done("anna"), stopped("ben"))
    skipped = asked(history)
    assert skipped is not None
    record(history, skipped, stopped("ben"), started=NOON + timedelta(minutes=5))

    again = asked(history)

    assert again is not None
    assert again.reason == skipped.reason
    assert asked(history, after=timedelta(hours=12, minutes=2)) is None, "the twelve hours begin with the visit"


def test_a_skipped_account_is_no_second_point_in_time(history: History) -> None:
    record(history, done("anna"), stopped("ben"))
    before = history.timeline("anna", ORIGIN)
    skipped = asked(history)
    assert skipped is not None
    record(history, skipped, stopped("ben"), started=NOON + timedelta(minutes=5))
    assert history.timeline("anna", ORIGIN) == before


def test_a_change_that_was_never_concluded_has_it_visited(tmp_path: Path) -> None:
    with History.open(tmp_path / "history.sqlite") as before:
        run_id = record(before, done("anna"), stopped("ben"))
        before.intend(run_id, "anna", ORIGIN, "first", State.ON, f"{ORIGIN}/first")
    with History.open(tmp_path / "history.sqlite") as after:
        assert asked(after) is None


@pytest.mark.parametrize(
    "change", [{"dry_run": True}, {"command": "check"}, {"origin": "https://other.test"}], ids=["dry", "check", "other"]
)
def test_only_a_run_of_the_same_kind_and_place_counts(history: History, change: dict[str, object]) -> None:
    record(history, done("anna"), stopped("ben"), **change)  # type: ignore[arg-type]
    assert asked(history) is None


def test_a_single_account_s_run_is_never_gone_on_with(history: History) -> None:
    record(history, stopped("anna"))
    record(history, done("anna"))
    assert asked(history) is None


def test_a_skipped_account_counts_by_its_settings(history: History) -> None:
    record(history, done("anna", setting("first"), setting("second", Outcome.NOT_SAVED)), stopped("ben"))
    found = asked(history)
    assert found is not None
    assert exit_code((found,), reading_is_enough=False) == 1
    nothing = AccountResult("anna", "service", Status.SKIPPED, "why", 0, ())
    assert exit_code((nothing,), reading_is_enough=False) == 1
