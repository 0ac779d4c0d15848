"""Faults of the machine and of the way, against real processes of the program.

What is killed is killed by process id; every test ends with nothing left running.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from filelock import FileLock, Timeout

from optout.browser.installed import DRIVERS, installed_browser
from optout.practice.members import DEFAULT_IDS
from optout.practice.site import Latency, PracticeSite
from tests.harness import wanted_browser
from tests.machine import BROWSER, Ended, Machine, Running, wait_for
from tests.matrix import MEMBER

pytestmark = pytest.mark.browser
SOME = ("ai-training", "ads-age", "ads-education")
SLOW = Latency(0.1, 0.1, 0.4)
DRIVER = DRIVERS[wanted_browser() or "chromium"]


def turned_off(ended: Ended, *ids: str) -> dict[str, str]:
    return dict.fromkeys(ids, "turned-off")


def truth(machine: Machine, *ids: str) -> dict[str, str]:
    values = machine.site.truth(MEMBER.username)
    return {one: values[one] for one in ids}


def all_off(*ids: str) -> dict[str, str]:
    return dict.fromkeys(ids, "off")


def intents(machine: Machine) -> list[tuple[str, str | None]]:
    """Every intent in the history: its setting, and what became of it."""
    with closing(sqlite3.connect(machine.home / "history.sqlite")) as database:
        return [(row[0], row[1]) for row in database.execute("SELECT setting_id, outcome FROM intents ORDER BY id")]


def locks_are_free(machine: Machine) -> bool:
    for path in (machine.home / "locks").glob("*.lock"):
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
    return True


def browser_of(running: Running) -> psutil.Process | None:
    """The main process of the browser that the program started."""
    for process in running.family():
        with suppress(psutil.Error):
            arguments = process.cmdline()
            is_child = any(argument.startswith("--type=") or argument == "-contentproc" for argument in arguments)
            if process.name() != DRIVER and not is_child and any("--remote-debugging-port" in one for one in arguments):
                return process
    return None


def driver_of(running: Running) -> psutil.Process | None:
    return next((one for one in running.family() if one.is_running() and one.name() == DRIVER), None)


def index_loads(machine: Machine) -> int:
    """How often a page that lists settings was answered."""
    return sum("/categories/" in one.path for one in machine.site.requests)


def kill(process: psutil.Process | None) -> None:
    assert process is not None
    process.kill()


@pytest.fixture
def slow(machine: Machine) -> Machine:
    """The machine, with a site that takes its time, so that there is a middle of a run."""
    machine.site.latency = SLOW
    return machine


# --- the browser and its driver


@pytest.mark.parametrize("find", [browser_of, driver_of], ids=["browser", "driver"])
def test_a_run_whose_browser_or_driver_is_killed_goes_on_to_its_end(slow: Machine, find: object) -> None:
    running = slow.start(*slow.work(*SOME))
    wait_for(lambda: slow.site.operations, "the first click")
    kill(find(running))  # type: ignore[operator]
    ended = running.end()
    assert (ended.code, ended.account["status"], ended.account["reason"]) == (0, "done", None)
    assert ended.outcomes() == turned_off(ended, *SOME)
    assert truth(slow, *SOME) == all_off(*SOME)
    # A browser outlives its driver.
    assert find is driver_of or "the browser ended unexpectedly; starting it once more" in ended.stderr
    assert slow.site.password_posts(MEMBER.username) == 1
    assert slow.leftovers() == []


def test_a_browser_that_cannot_be_started_again_ends_the_run_honestly(slow: Machine, tmp_path: Path) -> None:
    browser = installed_browser(wanted_browser())
    assert browser is not None
    own = tmp_path / browser.path.name
    own.write_text(f'#!/bin/sh\nexec "{browser.path}" "$@"\n')
    own.chmod(0o755)
    running = slow.start(*slow.work(*SOME), environ={**slow.environ, "OPTOUT_BROWSER_BINARY": str(own)})
    wait_for(lambda: slow.site.operations, "the first click")
    own.write_text("#!/bin/sh\nexit 1\n")
    kill(browser_of(running))
    ended = running.end()
    assert (ended.code, ended.account["status"]) == (1, "failed")
    assert ended.account["reason"].startswith("the browser ended and could not be started again (")
    assert all(truth(slow, one) == {one: "off"} for one, what in ended.outcomes().items() if what == "turned-off")
    assert slow.leftovers() == []


def test_a_browser_that_is_killed_twice_ends_the_run_honestly(slow: Machine) -> None:
    running = slow.start(*slow.work(*SOME))
    wait_for(lambda: slow.site.operations, "the first click")
    first, loads = browser_of(running), index_loads(slow)
    kill(first)
    wait_for(lambda: (found := browser_of(running)) is not None and found != first, "the second browser")
    # Not any request: one of the first browser may be answered only now.
    wait_for(lambda: index_loads(slow) > loads, "an index in the second browser")
    kill(browser_of(running))
    ended = running.end()
    assert (ended.code, ended.account["status"]) == (1, "failed")
    assert ended.account["reason"].startswith("the browser ended twice (")
    assert set(ended.outcomes()) == set(SOME)
    assert all(truth(slow, one) == {one: "off"} for one, what in ended.outcomes().items() if what == "turned-off")
    assert all(one["reason"] for one in ended.account["settings"] if one["outcome"] != "turned-off")
    assert slow.leftovers() == []
    assert "Traceback" not in ended.stderr


# --- being asked to stop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=["ctrl-c", "closed-terminal"])
def test_a_run_that_is_asked_to_stop_reports_what_it_reached_and_leaves_nothing(
    slow: Machine, number: signal.Signals
) -> None:
    handler = signal.signal(number, signal.SIG_DFL)  # under nohup the tests, and so their children, ignore SIGHUP
    try:
        running = slow.start(*slow.work(*SOME))
    finally:
        signal.signal(number, handler)
    wait_for(lambda: slow.site.operations, "the first click")
    asked = time.monotonic()
    running.process.send_signal(number)
    ended = running.end()
    assert time.monotonic() - asked < 20
    assert (ended.code, ended.document["exit_code"], ended.account["status"]) == (1, 1, "failed")
    assert ended.account["reason"] == "stopped before the end: what was not reached is listed as not reached"
    assert set(ended.outcomes()) == set(SOME)
    assert set(ended.outcomes().values()) <= {"turned-off", "failed", "not-reached"}
    assert all(truth(slow, one) == {one: "off"} for one, what in ended.outcomes().items() if what == "turned-off")
    assert slow.leftovers() == []
    assert locks_are_free(slow)
    assert "Traceback" not in ended.stderr
    assert len(slow.site.operations) <= len(intents(slow)) + 2  # a page of three boxes is one intent


def test_undo_puts_back_what_a_stopped_run_could_not_prove(slow: Machine) -> None:
    before = truth(slow, *SOME)
    running = slow.start(*slow.work(*SOME))
    wait_for(lambda: slow.site.operations, "the first click")
    running.process.send_signal(signal.SIGINT)
    assert set(running.end().outcomes().values()) <= {"failed", "not-reached"}
    assert truth(slow, *SOME) != before
    slow.site.latency = Latency(0.02, 0.02, 0.05)
    undone = slow.run(*slow.work(command="undo"))
    assert (undone.code, set(undone.outcomes().values())) == (0, {"restored"})
    assert truth(slow, *SOME) == before
    assert slow.run(*slow.work(command="undo")).code == 2


def test_a_look_between_a_stopped_run_and_the_next_one_takes_nothing_from_undo(slow: Machine) -> None:
    before = truth(slow, *SOME)
    running = slow.start(*slow.work(*SOME))
    wait_for(lambda: slow.site.operations, "the first click")
    running.process.send_signal(signal.SIGINT)
    running.end()
    slow.site.latency = Latency(0.02, 0.02, 0.05)
    slow.run(*slow.work(*SOME, command="check"))
    slow.run(*slow.work(*SOME, more=("--dry-run",)))
    assert slow.run(*slow.work(*SOME)).code == 0
    assert truth(slow, *SOME) == all_off(*SOME)
    undone = slow.run(*slow.work(command="undo"))
    assert (undone.code, undone.outcomes()) == (0, dict.fromkeys(SOME, "restored"))
    assert truth(slow, *SOME) == before


def test_a_stop_while_the_browser_starts_leaves_no_process(machine: Machine) -> None:
    running = machine.start(*machine.work(*SOME))
    wait_for(lambda: driver_of(running), "the driver")
    running.process.send_signal(signal.SIGTERM)
    ended = running.end()
    assert (ended.code, ended.outcomes()) == (1, dict.fromkeys(SOME, "not-reached"))
    assert machine.leftovers() == []
    assert machine.site.operations == ()
    assert "Traceback" not in ended.stderr


# --- being killed


@pytest.mark.parametrize("seed", range(4))
def test_after_a_kill_at_any_moment_the_next_run_finishes(slow: Machine, seed: int) -> None:
    """The moments are seeded: after so many requests and so many seconds more."""
    chance = random.Random(seed)
    requests, seconds = chance.choice((3, 12, 20, 26)), chance.uniform(0.0, 0.6)
    running = slow.start(*slow.work(*SOME))
    wait_for(lambda: len(slow.site.requests) >= requests, f"{requests} requests")
    threading.Event().wait(seconds)
    running.process.kill()
    running.end()
    touched = {one.setting_id for one in slow.site.operations}
    kept = {setting for setting, _ in intents(slow)}
    assert touched <= kept
    ended = slow.run(*slow.work(*SOME))
    assert ended.code == 0, ended.stderr
    assert set(ended.outcomes().values()) <= {"turned-off", "already-off"}
    assert truth(slow, *SOME) == all_off(*SOME)
    assert {outcome for _, outcome in intents(slow)} == {"turned-off"}
    assert slow.leftovers() == []


def test_what_a_killed_run_was_changing_and_the_next_leaves_out_is_named_and_not_touched(slow: Machine) -> None:
    running = slow.start(*slow.work("ads-age"))
    wait_for(lambda: slow.site.operations, "a click")
    running.process.kill()
    running.end()
    ended = slow.run(*slow.work("ads-gender"))
    assert (ended.code, ended.outcomes()) == (0, {"ads-gender": "turned-off"})
    assert "an earlier run was changing what this one leaves out: Age range" in ended.stderr
    assert [one.setting_id for one in slow.site.operations] == ["ads-age", "ads-gender"]
    assert intents(slow) == [("ads-age", None), ("ads-gender", "turned-off")]


def test_what_a_killed_run_changed_can_be_undone(slow: Machine) -> None:
    running = slow.start(*slow.work("ads-age", "ads-gender"))
    wait_for(lambda: len(slow.site.operations) == 2, "two clicks")
    running.process.kill()
    running.end()
    assert slow.run(*slow.work("ads-age", "ads-gender")).code == 0
    undone = slow.run(*slow.work(command="undo"))
    assert (undone.code, undone.outcomes()) == (0, {"ads-age": "restored", "ads-gender": "restored"})
    assert truth(slow, "ads-age", "ads-gender") == {"ads-age": "on", "ads-gender": "on"}


def test_what_went_along_with_a_killed_runs_click_can_be_undone(slow: Machine) -> None:
    """Only the cause was clicked; what it took along was never read."""
    both = ("ads-off-linkedin", "affiliate-sharing")
    running = slow.start(*slow.work(*both))
    wait_for(lambda: truth(slow, *both) == all_off(*both), "the cascade")
    running.process.kill()
    running.end()
    assert {one.control_id for one in slow.site.operations} == {"ads-off-linkedin"}
    undone = slow.run(*slow.work(command="undo"))
    assert (undone.code, undone.outcomes()) == (0, dict.fromkeys(both, "restored"))
    assert truth(slow, *both) == dict.fromkeys(both, "on")


# --- two at once


def test_a_second_run_on_the_same_account_waits_and_says_so(slow: Machine) -> None:
    first = slow.start(*slow.work(*SOME))
    wait_for(lambda: slow.site.requests, "the first page")
    second = slow.start(*slow.work(*SOME))
    ended = [first.end(), second.end()]
    assert [one.code for one in ended] == [0, 0]
    assert ended[0].outcomes() == turned_off(ended[0], *SOME)
    assert ended[1].outcomes() == dict.fromkeys(SOME, "already-off")
    assert "another run is at work on this account; waiting for it" in ended[1].stderr
    assert {one.after for one in slow.site.operations} == {"off"}


# --- no space, no leave to write


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of that size; where none can be mounted (it needs root) the test is an expected failure that says so."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.xfail(f"no small disk can be mounted here, which needs root: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(folder: Path) -> None:
    """Leave no byte on that disk."""
    with (folder / "filler").open("wb", buffering=0) as handle, suppress(OSError):
        while True:
            handle.write(b"x" * 4096)


def apart(machine: Machine, state: Path) -> None:
    """Give the history a disk of its own: without OPTOUT_HOME the platform's own folders are used."""
    data = machine.home.parent / "data"
    shutil.move(machine.home, data / "optout")
    del machine.environ["OPTOUT_HOME"]
    machine.environ |= {"XDG_DATA_HOME": str(data), "XDG_STATE_HOME": str(state), "XDG_CONFIG_HOME": str(data)}


def test_without_space_for_the_history_nothing_is_touched(machine: Machine, tmp_path: Path) -> None:
    with small_disk(tmp_path / "state", "32k") as state:
        apart(machine, state)
        (state / "optout").mkdir(mode=0o700)
        fill(state)
        ended = machine.run(*machine.work(*SOME))
    assert (ended.code, ended.stdout) == (2, "")
    assert "optout: " in ended.stderr
    assert "history.sqlite" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert machine.site.requests == ()


def test_a_disk_that_is_full_in_mid_run_costs_the_record_and_no_claim(slow: Machine, tmp_path: Path) -> None:
    with small_disk(tmp_path / "state", "400k") as state:
        apart(slow, state)
        running = slow.start(*slow.work("ads-age", "ads-gender"))
        wait_for(lambda: slow.site.operations, "the first click")
        fill(state)
        ended = running.end()
        assert (ended.code, ended.account["status"]) == (1, "failed")
        assert "No space is left for the history" in ended.account["reason"]
        assert "Traceback" not in ended.stderr
        claimed = [one for one, what in ended.outcomes().items() if what == "turned-off"]
        assert truth(slow, *claimed) == all_off(*claimed)
        # With space again, the next run takes up what the record left open.
        (state / "filler").unlink()
        again = slow.run(*slow.work("ads-age", "ads-gender"))
        assert (again.code, truth(slow, "ads-age", "ads-gender")) == (0, all_off("ads-age", "ads-gender"))
        with closing(sqlite3.connect(state / "optout" / "history.sqlite")) as database:
            left = database.execute("SELECT setting_id FROM intents WHERE outcome IS NULL").fetchall()
        assert left == []


def test_without_space_for_the_report_the_run_is_the_same(machine: Machine, tmp_path: Path) -> None:
    with small_disk(tmp_path / "reports", "16k") as reports:
        fill(reports)
        ended = machine.run(*machine.work("ads-age"), "--report", str(reports))
        assert sorted(one.name for one in reports.iterdir()) == ["filler"]
    assert (ended.code, ended.outcomes()) == (0, {"ads-age": "turned-off"})
    assert f"optout: The report cannot be written into {reports}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_home_that_cannot_be_written_is_refused_before_anything_is_touched(machine: Machine) -> None:
    (machine.home.parent / "file").write_text("no folder")
    environ = {**machine.environ, "OPTOUT_HOME": str(machine.home.parent / "file" / "home")}
    ended = machine.run(*machine.work("ads-age"), environ=environ)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("optout: ")
    assert str(machine.home.parent / "file") in ended.stderr
    assert "Traceback" not in ended.stderr
    assert machine.site.requests == ()


def test_a_read_only_home_is_refused_before_anything_is_touched(machine: Machine, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        home = disk / "home"
        shutil.copytree(machine.home, home)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        ended = machine.run(*machine.work("ads-age"), environ={**machine.environ, "OPTOUT_HOME": str(home)})
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("optout: ")
    assert str(home) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert machine.site.requests == ()


# --- no display, no browser, no driver that fits


def test_headed_without_a_display_is_refused(machine: Machine) -> None:
    ended = machine.run(*machine.work("ads-age", more=("--headed",)))
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1] == (
        "optout: a visible browser needs a display and there is none here (DISPLAY is not set); leave out --headed, "
        "or sign in on a machine with a screen"
    )
    assert machine.site.requests == ()


def test_without_a_browser_the_package_to_install_is_named(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    ended = machine.run(*machine.work("ads-age"), environ={**machine.environ, "PATH": str(tmp_path / "bin")})
    assert (ended.code, ended.stdout) == (2, "")
    assert "is installed here; install one: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert machine.site.requests == ()


def test_a_driver_of_another_major_version_is_not_used(machine: Machine, tmp_path: Path) -> None:
    browser = installed_browser(wanted_browser())
    assert browser is not None
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / browser.path.name).symlink_to(browser.path)
    said = {"chromedriver": "ChromeDriver 79.0.3945.36 (3582db32b33893869b8c1339e8f4d9ed1816f143)"}
    (folder / DRIVER).write_text(
        f'#!/bin/sh\ncase "$1" in --version) echo "{said.get(DRIVER, "geckodriver 0.9.0")}";; *) exit 1;; esac\n'
    )
    (folder / DRIVER).chmod(0o755)
    environ = {**machine.environ, "PATH": f"{folder}:/usr/bin-of-nothing", "OPTOUT_BROWSER_BINARY": str(browser.path)}
    ended = machine.run(*machine.work("ads-age"), environ=environ)
    assert (ended.code, ended.stdout) == (2, ""), ended.stderr
    assert "could not be started" in ended.stderr
    assert "install the driver that fits it: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert machine.leftovers() == []
    assert machine.site.requests == ()


# --- the way


def test_a_site_that_refuses_connections_fails_the_account_and_nothing_else(machine: Machine) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{closed.getsockname()[1]}"
        ended = machine.run("run", "me", "--origin", origin, "--json", *BROWSER, "--only", "ads-age")
    assert (ended.code, ended.account["status"]) == (1, "failed")
    assert (
        ended.account["reason"]
        == f"{origin}/mypreferences/d/categories/ads could not be loaded: "
        + (ended.account["reason"].rpartition(": ")[2])
    )
    assert "refused" in ended.account["reason"].lower()
    assert ended.outcomes() == {"ads-age": "not-reached"}


def test_a_certificate_that_nobody_signed_is_not_accepted(machine: Machine, untrusted: tuple[str, list[str]]) -> None:
    origin, asked = untrusted
    ended = machine.run("run", "me", "--origin", origin, "--json", *BROWSER, "--only", "ads-age")
    assert (ended.code, ended.account["status"], ended.outcomes()) == (1, "failed", {"ads-age": "not-reached"})
    assert "certificate" in ended.account["reason"] or "CERT" in ended.account["reason"]
    assert asked == []


def test_a_name_that_cannot_be_resolved_is_said_so(machine: Machine, tmp_path: Path) -> None:
    """Without --origin the service's own address is asked for; an address that never resolves stands for it."""
    catalogue = (Path(__file__).parents[2] / "selectors.yaml").read_text(encoding="utf-8")
    moved = tmp_path / "selectors.yaml"
    moved.write_text(catalogue.replace("https://www.linkedin.com", "https://www.linkedin.invalid"), encoding="utf-8")
    ended = machine.run("run", "me", "--json", *BROWSER, "--only", "ads-age", "--selectors", str(moved), "--pace", "0")
    assert (ended.code, ended.account["status"], ended.outcomes()) == (1, "failed", {"ads-age": "not-reached"})
    assert "https://www.linkedin.invalid/mypreferences/d/categories/ads could not be loaded" in ended.account["reason"]


def test_a_server_that_dies_in_mid_run_fails_what_is_left(machine: Machine) -> None:
    with PracticeSite("plain", SLOW, (MEMBER,)) as site:
        machine.site = site
        running = machine.start(*machine.work())  # all: enough is left to load, however late the site is stopped
        wait_for(lambda: len(site.operations) >= 2, "two clicks")
        site.stop()
        ended = running.end()
        claimed = [one for one, what in ended.outcomes().items() if what == "turned-off"]
        assert truth(machine, *claimed) == all_off(*claimed)
    assert (ended.code, ended.account["status"]) == (1, "failed")
    assert "cannot be reached any more" in ended.account["reason"]
    assert set(ended.outcomes()) == set(DEFAULT_IDS)
    touched = {one.setting_id for one in site.operations}
    assert all(ended.outcomes()[one] in ("failed", "turned-off", "unreadable") for one in touched)
    assert all(one["reason"] for one in ended.account["settings"] if one["outcome"] != "turned-off")
    assert "Traceback" not in ended.stderr


def test_the_history_shows_the_run_and_the_undo(machine: Machine) -> None:
    assert machine.run(*machine.work("ads-age")).code == 0
    assert machine.run(*machine.work(command="undo")).code == 0
    rows = json.loads(machine.run("history", "--json").stdout)["runs"]
    assert [(row["command"], row["accounts"][0]["outcomes"]) for row in rows] == [
        ("undo", {"restored": 1}),
        ("run", {"turned-off": 1}),
    ]
