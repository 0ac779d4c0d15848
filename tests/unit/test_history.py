"""The history keeps what it was told, survives kills and company, and never answers a fault with a traceback."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.history import Change, History, HistoryError, Recorded
from optout.outcomes import (
    AccountResult,
    Outcome,
    Reading,
    RunResult,
    SettingResult,
    State,
    Status,
    Unlisted,
)

ORIGIN = "https://service.test"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
URL = f"{ORIGIN}/settings/ai"

CHILD = """
import sys
from pathlib import Path
from optout.history import History
from optout.outcomes import State
history = History.open(Path(sys.argv[1]))
run = history.begin_run("run", False, {"me": sys.argv[2]}, program_version="1", catalogue_version="2026-11-01")
for place in range(int(sys.argv[3])):
    history.intend(run, "me", sys.argv[2], f"ai-{place}", State.MIXED, sys.argv[2] + "/settings/ai", {"boxes": [place]})
print("intended", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "history.sqlite"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    with History.open(path) as opened:
        yield opened


def setting(
    setting_id: str,
    outcome: Outcome,
    before: State | None = None,
    after: State | None = None,
    *,
    at: datetime = NOON,
    reason: str | None = None,
) -> SettingResult:
    is_claim = outcome.is_claim
    return SettingResult(
        setting_id,
        "ai-training",
        setting_id.title(),
        outcome,
        URL if is_claim else None,
        before,
        after,
        reason if is_claim or outcome is Outcome.NOT_OFFERED else reason or "the page did not load",
        "2026-07" if is_claim else None,
        at if is_claim else None,
        ("path", "label") if is_claim else (),
    )


def begin(history: History, command: str = "run") -> int:
    return history.begin_run(command, False, {"me": ORIGIN}, program_version="0.1.0", catalogue_version="2026-11-01")


def finish(history: History, run_id: int, *results: SettingResult, command: str = "run") -> RunResult:
    account = AccountResult("me", "service", Status.DONE, None, 7, results, (Unlisted("New", f"{ORIGIN}/n", State.ON),))
    result = RunResult(command, False, NOON, 2.5, (account,), run_id)
    history.finish_account(run_id, account, ORIGIN)
    history.finish_run(run_id, result)
    return result


def turn_off(history: History, run_id: int, setting_id: str, outcome: Outcome = Outcome.TURNED_OFF) -> int:
    intent = history.intend(run_id, "me", ORIGIN, setting_id, State.ON, URL)
    after = State.ON if outcome is Outcome.RESTORED else State.OFF
    history.conclude(intent, outcome, Reading(after, URL, "2026-07", NOON, ("path", "label")))
    return intent


def child(path: Path, intents: int = 1) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(path), ORIGIN, str(intents)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_an_intent_outlives_a_killed_process(path: Path) -> None:
    process = child(path)
    assert process.stdout is not None
    assert process.stdout.readline() == "intended\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with History.open(path) as history:
        (intent,) = history.unfinished("me", ORIGIN)
        assert (intent.setting_id, intent.before, intent.url, intent.detail) == (
            "ai-0",
            State.MIXED,
            URL,
            {"boxes": [0]},
        )
        assert history.runs()[0].finished is None
        assert history.run(intent.run_id).accounts[0].status is Status.FAILED
        history.conclude(intent.intent_id, Outcome.TURNED_OFF, None)
        assert history.unfinished("me", ORIGIN) == ()


def test_an_intent_is_on_the_disk_when_intend_returns(history: History, path: Path, tmp_path: Path) -> None:
    history.intend(begin(history), "me", ORIGIN, "ai", State.ON, URL)
    # A copy of the files, as a power failure would leave them; and every commit waits for the disk (FULL is 2).
    shutil.copytree(path.parent, tmp_path / "copy")
    with History.open(tmp_path / "copy" / path.name) as copy:
        assert [intent.setting_id for intent in copy.unfinished("me", ORIGIN)] == ["ai"]
    assert history._database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_two_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    processes = [child(path, intents=40) for _ in range(3)]
    for process in processes:
        output, _ = process.communicate("")
        assert (process.returncode, output) == (0, "intended\n")
    with History.open(path) as history:
        assert len(history.unfinished("me", ORIGIN)) == 120
        assert len(history.runs()) == 3


def test_many_threads_share_one_history(history: History) -> None:
    accounts = {f"account-{number}": ORIGIN for number in range(8)}
    run_id = history.begin_run("run", False, accounts, program_version="1", catalogue_version="1")

    def work(account: str) -> None:
        for number in range(20):
            intent = history.intend(run_id, account, ORIGIN, f"s-{number}", State.ON, URL)
            history.conclude(intent, Outcome.TURNED_OFF, None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, accounts))
    assert [len(history.last_changes(account, ORIGIN)) for account in accounts] == [20] * 8


def test_nobody_writes_between_the_reading_and_the_writing_of_one_step(history: History, path: Path) -> None:
    # finish_run reads which accounts are written, then goes through the result's: there another process tries.
    class Meanwhile(tuple[AccountResult, ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[AccountResult]:
            with pytest.raises(HistoryError, match="is in use by another optout"):
                begin(other)
            return super().__iter__()

    run_id = begin(history)
    accounts = finish(history, run_id, setting("ai", Outcome.ALREADY_OFF, State.OFF, State.OFF)).accounts
    with History.open(path, busy_seconds=0.01) as other:
        history.finish_run(run_id, RunResult("run", False, NOON, 9.0, Meanwhile(accounts), run_id))
        assert [row.seconds for row in other.runs()] == [9.0]


def test_own_intents_in_flight_are_not_those_of_a_dead_run(history: History) -> None:
    history.intend(begin(history), "me", ORIGIN, "ai", State.ON, URL)
    assert history.unfinished("me", ORIGIN) == ()


def test_a_run_comes_back_as_it_was_reported(history: History) -> None:
    run_id = begin(history)
    result = finish(
        history,
        run_id,
        setting("ai", Outcome.TURNED_OFF, State.ON, State.OFF),
        setting("ads", Outcome.NOT_OFFERED, State.ABSENT, State.ABSENT),
        setting("gender", Outcome.FAILED, reason="the page says \ud800\x00 <b>no</b>"),
    )
    assert history.run(run_id) == result
    (row,) = history.runs(account="me")
    assert (row.command, row.seconds, row.statuses, row.origins) == ("run", 2.5, {"me": Status.DONE}, {"me": ORIGIN})
    assert history.runs(account="you") == ()
    with pytest.raises(KeyError):
        history.run(run_id + 1)


def test_addresses_are_kept_without_user_query_and_fragment(history: History, path: Path) -> None:
    run_id = begin(history)
    url = "https://name:MARK@service.test/settings/ai?token=MARK#MARK"
    history.intend(run_id, "me", ORIGIN, "ai", State.ON, url)
    history.record_readings(run_id, "me", ORIGIN, [Recorded("ai", "before", Reading(State.ON, url, "2026-07", NOON))])
    result = SettingResult("ai", "g", "AI", Outcome.ALREADY_OFF, url, None, State.OFF, None, "2026-07", NOON)
    account = AccountResult("me", "s", Status.DONE, None, 1, (result,), (Unlisted("x", url, State.ON),))
    history.finish_account(run_id, account, ORIGIN)
    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"settings/ai" in kept
    assert b"MARK" not in kept


def test_what_a_run_proved_goes_before_what_a_check_saw(history: History) -> None:
    first = begin(history)
    history.record_readings(
        first, "me", ORIGIN, [Recorded("ai", "after", Reading(State.OFF, URL, "2026-07", NOON), {"role": "switch"})]
    )
    finish(history, first, setting("ai", Outcome.TURNED_OFF, State.ON, State.OFF), setting("ads", Outcome.NOT_OFFERED))
    later = NOON + timedelta(days=1)
    finish(
        history,
        begin(history, "check"),
        setting("ai", Outcome.WOULD_TURN_OFF, State.ON, at=later),
        setting("new", Outcome.ALREADY_OFF, State.OFF, at=later),
        setting("broken", Outcome.UNREADABLE),
        command="check",
    )
    verified = history.last_verified("me", ORIGIN)
    assert {key: (item.state, item.at, item.command) for key, item in verified.items()} == {
        "ai": (State.OFF, NOON, "run"),
        "ads": (State.ABSENT, verified["ads"].at, "run"),
        "new": (State.OFF, later, "check"),
    }
    assert verified["ai"].seen == {"role": "switch"}
    assert history.last_verified("me", "https://other.test") == {}


def test_only_a_control_used_with_success_is_remembered(history: History) -> None:
    for outcome, seen in ((Outcome.TURNED_OFF, {"id": "right"}), (Outcome.UNREADABLE, {"id": "doubtful"})):
        run_id = begin(history)
        reading = Reading(State.OFF, URL, "2026-07", NOON)
        history.record_readings(run_id, "me", ORIGIN, [Recorded("ai", "after", reading, seen)])
        finish(history, run_id, setting("ai", outcome, State.ON, State.OFF))
    assert history.seen_controls("me", ORIGIN) == {"ai": {"id": "right"}}
    assert history.seen_controls("you", ORIGIN) == {}


def test_of_many_runs_the_last_counts(history: History) -> None:
    for number in range(12):
        at = NOON + timedelta(days=number)
        run_id = begin(history)
        names = ("ai", "ads") if number < 9 else ("ai",)
        for name in names:
            reading = Reading(State.OFF, URL, "2026-07", at)
            history.record_readings(run_id, "me", ORIGIN, [Recorded(name, "after", reading, {"id": f"{name}{number}"})])
        finish(history, run_id, *(setting(one, Outcome.ALREADY_OFF, State.OFF, at=at) for one in names))
    assert history.seen_controls("me", ORIGIN) == {"ai": {"id": "ai11"}, "ads": {"id": "ads8"}}
    verified = history.last_verified("me", ORIGIN)
    assert {key: (one.at - NOON).days for key, one in verified.items()} == {"ai": 11, "ads": 8}


def changed(history: History) -> list[str]:
    return [change.setting_id for change in history.last_changes("me", ORIGIN)]


def test_the_last_changes_are_those_of_the_last_run_that_made_any(history: History) -> None:
    for names in (("old",), ("ai", "ads"), ()):
        run_id = begin(history)
        for name in names:
            turn_off(history, run_id, name)
        finish(history, run_id)
    assert changed(history) == ["ai", "ads"]
    change = history.last_changes("me", ORIGIN)[0]
    assert isinstance(change, Change)
    assert change.before is State.ON
    assert change.reading is not None


def test_what_was_put_back_is_no_longer_a_change(history: History) -> None:
    for names in (("old",), ("ai", "ads")):
        run_id = begin(history)
        for name in names:
            turn_off(history, run_id, name)
        finish(history, run_id)
    undo = begin(history, "undo")
    turn_off(history, undo, "ai", Outcome.RESTORED)
    finish(history, undo, command="undo")
    assert changed(history) == ["ads"]
    undo = begin(history, "undo")
    turn_off(history, undo, "ads", Outcome.RESTORED)
    finish(history, undo, command="undo")
    # A second undo does not reach for the run before: nobody asked for that.
    assert changed(history) == []


def test_a_run_that_died_belongs_to_the_run_that_went_on(history: History) -> None:
    older = begin(history)
    turn_off(history, older, "older")
    finish(history, older)
    dead = begin(history)
    turn_off(history, dead, "done-before-the-kill")
    hanging = history.intend(dead, "me", ORIGIN, "hanging", State.ON, URL)
    following = begin(history)
    history.conclude(hanging, Outcome.TURNED_OFF, None, run_id=following)
    turn_off(history, following, "rest")
    finish(history, following)
    assert changed(history) == ["done-before-the-kill", "hanging", "rest"]


def test_a_run_that_was_ended_early_belongs_to_the_run_that_went_on(history: History) -> None:
    older = begin(history)
    turn_off(history, older, "older")
    finish(history, older)
    stopped = begin(history)
    turn_off(history, stopped, "proved-before-the-stop")
    history.finish_account(stopped, AccountResult("me", "linkedin", Status.FAILED, "stopped", 1, ()), ORIGIN)
    following = begin(history)
    turn_off(history, following, "rest")
    finish(history, following)
    assert changed(history) == ["proved-before-the-stop", "rest"]


def test_what_the_last_look_could_not_tell_is_doubted(history: History) -> None:
    def look(command: str, **outcomes: Outcome) -> frozenset[str]:
        run_id = begin(history, command)
        finish(history, run_id, *(setting(name, outcome) for name, outcome in outcomes.items()), command=command)
        return history.doubted("me", ORIGIN)

    assert look("run", ai=Outcome.UNREADABLE, ads=Outcome.TURNED_OFF, age=Outcome.NOT_FOUND) == {"ai", "age"}
    assert look("check", ai=Outcome.FAILED, ads=Outcome.NOT_REACHED) == {"ai", "age"}
    assert look("check", ai=Outcome.ALREADY_OFF, ads=Outcome.NOT_SAVED) == {"ads", "age"}
    assert history.doubted("you", ORIGIN) == frozenset()


def test_a_setting_that_took_two_tries_is_one_change_from_its_first_state(history: History) -> None:
    run_id = begin(history)
    tries = [history.intend(run_id, "me", ORIGIN, "jobs", before, URL) for before in (State.MIXED, State.ON)]
    turn_off(history, run_id, "ai")
    for intent in tries:
        history.conclude(intent, Outcome.TURNED_OFF, None)
    finish(history, run_id)
    assert [(change.setting_id, change.before) for change in history.last_changes("me", ORIGIN)] == [
        ("jobs", State.MIXED),
        ("ai", State.ON),
    ]


def test_an_undo_that_died_is_no_change(history: History) -> None:
    hanging = history.intend(begin(history, "undo"), "me", ORIGIN, "ai", State.OFF, URL)
    following = begin(history)
    history.conclude(hanging, Outcome.TURNED_OFF, None, run_id=following)
    finish(history, following)
    assert changed(history) == []


def test_a_timeline_shows_what_was_on_before_it_was_off(history: History) -> None:
    finish(history, begin(history), setting("ai", Outcome.TURNED_OFF, State.ON, State.OFF))
    later = NOON + timedelta(days=7)
    finish(history, begin(history, "check"), setting("ai", Outcome.WOULD_TURN_OFF, State.MIXED, at=later))
    points = [(point.at, point.state) for point in history.timeline("me", ORIGIN)["ai"]]
    assert points == [(NOON, State.ON), (NOON, State.OFF), (later, State.MIXED)]


def test_a_later_edit_changes_the_digest(history: History, path: Path) -> None:
    run_id = begin(history)
    history.record_readings(run_id, "me", ORIGIN, [Recorded("ai", "after", Reading(State.ON, URL, "2026-07", NOON))])
    finish(history, run_id, setting("ai", Outcome.TURNED_OFF, State.ON, State.OFF))
    before = history.digest(run_id)
    assert before == history.digest(run_id)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE readings SET document=replace(document, '\"on\"', '\"off\"')")
    database.close()
    assert history.digest(run_id) != before


def test_a_forgotten_account_leaves_no_trace(path: Path) -> None:
    with History.open(path) as history:
        run_id = begin(history)
        turn_off(history, run_id, "marked-setting")
        finish(history, run_id, setting("marked-setting", Outcome.TURNED_OFF, State.ON, State.OFF))
        history.forget("me", ORIGIN)
        assert history.runs() == ()
    assert b"marked-setting" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_the_file_is_0600_in_a_0700_folder(history: History, path: Path) -> None:
    begin(history)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {path.name: 0o600, f"{path.name}-wal": 0o600, f"{path.name}-shm": 0o600}


def test_an_exception_inside_a_write_leaves_nothing_half_done(history: History) -> None:
    run_id = begin(history)
    with pytest.raises(TypeError):
        history.intend(run_id, "me", ORIGIN, "ai", State.ON, URL, {"driver": object()})
    begin(history)
    assert [row.run_id for row in history.runs()] == [run_id + 1, run_id]


def test_a_history_from_a_newer_version_is_refused(path: Path) -> None:
    History.open(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=7")
    database.close()
    with pytest.raises(HistoryError) as refusal:
        History.open(path)
    assert str(refusal.value) == (
        f"The history {path} comes from a newer optout (its format is 7, this one knows 1): "
        "install the newest optout, or set OPTOUT_HOME to another folder."
    )


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE bookmarks(id)")
    database.close()
    with pytest.raises(HistoryError, match="is damaged \\(it is not an optout history\\): move it away"):
        History.open(path)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]
    database.close()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match=r"The history cannot be kept: .*OPTOUT_HOME"):
        History.open(tmp_path / "file" / "history.sqlite")


def test_a_folder_in_the_files_place_is_one_sentence(path: Path) -> None:
    path.mkdir(parents=True, mode=0o700)
    path.parent.chmod(0o700)
    with pytest.raises(HistoryError, match="Is a directory"):
        History.open(path)


def test_a_full_disk_is_one_sentence(history: History, path: Path) -> None:
    run_id = begin(history)
    pages = history._database.execute("PRAGMA page_count").fetchone()[0]
    history._database.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(HistoryError) as refusal:
        history.intend(run_id, "me", ORIGIN, "ai", State.ON, URL, {"boxes": ["x" * 100_000]})
    assert (
        str(refusal.value)
        == f"No space is left for the history {path}: free some on that disk, then repeat the command."
    )
    assert history.run_row(run_id) is not None


def test_a_history_held_by_another_process_is_one_sentence(path: Path) -> None:
    History.open(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HistoryError, match=r"is in use by another optout: wait until"):
        History.open(path, busy_seconds=0.01)
    other.close()


def read_everything(path: Path) -> None:
    with History.open(path) as history:
        for row in history.runs(50):
            history.run(row.run_id).as_json()
            history.digest(row.run_id)
        history.unfinished("me", ORIGIN)
        history.last_verified("me", ORIGIN)
        history.last_changes("me", ORIGIN)
        history.timeline("me", ORIGIN)
        history.seen_controls("me", ORIGIN)


@given(st.binary(min_size=1, max_size=300) | st.binary(max_size=200).map(lambda tail: b"SQLite format 3\0" + tail))
@settings(max_examples=60, deadline=None)
def test_any_other_file_is_refused_in_one_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        path.write_bytes(content)
        with pytest.raises(HistoryError, match="is damaged"):
            read_everything(path)


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "history.sqlite"
    with History.open(path) as history:
        run_id = begin(history)
        turn_off(history, run_id, "ai")
        history.intend(run_id, "me", ORIGIN, "ads", State.ON, URL)
        reading = Reading(State.OFF, URL, "2026-07", NOON, ("path",), 0.9)
        history.record_readings(run_id, "me", ORIGIN, [Recorded("ai", "after", reading, {"role": "switch"})])
        finish(history, run_id, setting("ai", Outcome.TURNED_OFF, State.ON, State.OFF))
    return path


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_gives_values_or_one_sentence(whole_file: Path, data: st.DataObject) -> None:
    content = bytearray(whole_file.read_bytes())
    used = [place for place, byte in enumerate(content) if byte]
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.sampled_from(used))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(1, len(content)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        path.write_bytes(bytes(content[:cut]))
        # Any other exception fails the test: a damaged file is a HistoryError, or damaged where it does not matter.
        with suppress(HistoryError):
            read_everything(path)


def test_rows_of_an_index_that_no_run_read_are_not_known_to_be_new(history: History) -> None:
    def done(*ids: str, unlisted: tuple[Unlisted, ...] = ()) -> None:
        run_id = begin(history)
        settings = tuple(SettingResult(one, "g", one, Outcome.NOT_OFFERED) for one in ids)
        history.finish_account(run_id, AccountResult("me", "s", Status.DONE, None, 3, settings, unlisted), ORIGIN)

    assert history.rows_seen("me", ORIGIN, ["a"]) is None
    done("a", unlisted=(Unlisted("New", f"{ORIGIN}/n", State.OFF),))
    assert history.rows_seen("me", ORIGIN, ["a", "b"]) is None
    done("a", "b")
    seen = history.rows_seen("me", ORIGIN, ["b"])
    assert seen is not None
    assert seen.states == {f"{ORIGIN}/n": State.OFF}
    assert history.rows_seen("work", ORIGIN, ["a"]) is None
