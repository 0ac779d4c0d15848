"""A real Selenium Grid: a hub and two nodes with two slots each, on loopback."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.grid import LocalGrid, free_ports, missing_programs
from optout.browser.grid import Grid
from optout.browser.launch import Launch, open_session
from optout.browser.waiting import Stop
from optout.errors import UsageError
from optout.fleet import Orders
from optout.outcomes import Outcome, RunResult, Status
from optout.practice.records import Latency, PracticeAccount
from optout.practice.site import PracticeSite
from tests.harness import Bench, wanted_browser
from tests.machine import Machine, wait_for

pytestmark = pytest.mark.browser

ONLY = ("ai-training", "ads-age", "affiliate-sharing")
SLOW = Latency(0.2, 0.2, 0.3)


@pytest.fixture(scope="module")
def grid() -> Iterator[LocalGrid]:
    assert not missing_programs(), "the grid's tests need Java 17 and Maven: make setup-test"
    with LocalGrid() as grid:
        yield grid


@pytest.fixture
def members() -> tuple[PracticeAccount, ...]:
    return tuple(PracticeAccount(f"{name}@practice.test", f"pw-{name}") for name in ("anna", "ben", "cleo"))


@pytest.fixture
def people(members: tuple[PracticeAccount, ...]) -> Iterator[PracticeSite]:
    with PracticeSite(accounts=members, latency=Latency(0.02, 0.02, 0.05)) as site:
        yield site


def on(grid: LocalGrid) -> Launch:
    return Launch(kind=wanted_browser(), grid=grid.url)


def run_all(
    bench: Bench, site: PracticeSite, grid: LocalGrid, only: tuple[str, ...] = ONLY, jobs: int = 4
) -> RunResult:
    errands = [bench.errand(site, one, name=one.username.split("@")[0], only=only) for one in site.accounts]
    return bench.carry_out(errands, Orders("run", launch=on(grid), jobs=jobs))


def test_accounts_are_run_on_the_nodes_with_the_signal_and_neither_session_nor_profile_stays(
    grid: LocalGrid, people: PracticeSite, tmp_path: Path
) -> None:
    """The signal is Global Privacy Control, in every request."""
    result = run_all(Bench(tmp_path), people, grid)

    assert [one.status for one in result.accounts] == [Status.DONE] * 3, [one.reason for one in result.accounts]
    for account in result.accounts:
        assert {one.outcome for one in account.settings} == {Outcome.TURNED_OFF}
    for member in people.accounts:
        truth = people.truth(member.username)
        assert {truth[one] for one in ONLY} == {"off"}
    wait_for(lambda: not grid.sessions(), "the end of every session")  # a busy hub takes a moment to say so
    assert grid.profiles() == []
    assert not list((tmp_path / "profiles").glob("*")), "a run on a grid made a browser profile here"
    assert {one.headers.get("sec-gpc") for one in people.requests if one.path != "/favicon.ico"} == {"1"}


def test_no_more_sessions_are_asked_for_than_the_grid_has_slots(
    grid: LocalGrid, members: tuple[PracticeAccount, ...], tmp_path: Path
) -> None:
    more = members + tuple(replace(one, username=f"second-{one.username}") for one in members)
    most = [0, 0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            most[0] = max(most[0], len(grid.sessions()))
            most[1] = max(most[1], grid.queue_length())

    with PracticeSite(accounts=more, latency=Latency(0.02, 0.02, 0.05)) as site:
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            result = run_all(Bench(tmp_path), site, grid, ("ads-age",), jobs=16)
        finally:
            done.set()
            watcher.join()
    assert [one.status for one in result.accounts] == [Status.DONE] * 6, [one.reason for one in result.accounts]
    assert 2 <= most[0] <= 4
    assert most[1] <= 4, "the hub had to queue requests that it had no slot for"


def test_a_slot_that_someone_else_holds_is_waited_for(grid: LocalGrid, tmp_path: Path) -> None:
    held = [open_session(on(grid), Stop(), lambda _: None) for _ in range(4)]
    waits = Grid(grid.url, wanted_browser())
    told: list[str] = []
    got = threading.Event()

    def take() -> None:
        with waits.slot(Stop(), told.append):
            got.set()

    taker = threading.Thread(target=take, daemon=True)
    try:
        assert waits.room().free == 0
        taker.start()
        wait_for(lambda: told, "the word that a slot is waited for")
        assert not got.is_set()
    finally:
        for session in held:
            session.close()
    assert got.wait(20)
    assert told == ["every slot of the grid is taken; waiting for one"]


def test_a_kept_profile_s_sign_in_is_carried_over_for_the_run(
    grid: LocalGrid, site: PracticeSite, tmp_path: Path
) -> None:
    bench, member = Bench(tmp_path), site.accounts[0]
    bench.carry_out([bench.errand(site, member, only=ONLY)], Orders("check"))
    assert site.password_posts(member.username) == 1

    result = bench.carry_out([bench.errand(site, member, only=ONLY)], Orders("run", launch=on(grid)))

    assert result.accounts[0].status is Status.DONE, result.accounts[0].reason
    assert {one.outcome for one in result.accounts[0].settings} == {Outcome.TURNED_OFF}
    assert site.password_posts(member.username) == 1, "the password was typed although the kept profile is signed in"


def test_a_node_that_dies_in_mid_run_is_survived(site: PracticeSite, tmp_path: Path) -> None:
    site.latency = SLOW
    bench, member = Bench(tmp_path), site.accounts[0]
    with LocalGrid() as grid:
        result: list[RunResult] = []
        errand = bench.errand(site, member, only=ONLY)
        runner = threading.Thread(
            target=lambda: result.append(bench.carry_out([errand], Orders("run", launch=on(grid))))
        )
        runner.start()
        wait_for(lambda: any(one.path.startswith("/mypreferences/d/settings") for one in site.requests), "a setting")
        (node,) = grid.busy_nodes()
        grid.kill(node)
        runner.join(180)

        assert result, "the run did not end"
        account = result[0].accounts[0]
        assert account.status is Status.DONE, account.reason
        assert {one.outcome for one in account.settings} <= {Outcome.TURNED_OFF, Outcome.ALREADY_OFF}
        truth = site.truth(member.username)
        assert {truth[one] for one in ONLY} == {"off"}
        wait_for(lambda: not grid.sessions(living=True), "the end of every session")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_stopped_run_leaves_no_session_on_the_grid(grid: LocalGrid, machine: Machine, number: signal.Signals) -> None:
    wait_for(lambda: not grid.sessions(), "the end of an earlier test's session")
    machine.site.latency = SLOW
    running = machine.start(*machine.work(*ONLY, more=("--grid", grid.url)))
    wait_for(lambda: grid.sessions() and grid.profiles(), "a session on the grid")
    os.kill(running.process.pid, number)

    ended = running.end()

    assert ended.code == 1
    assert ended.account["status"] == "failed"
    wait_for(lambda: not grid.sessions(), "the end of the session")
    assert grid.profiles() == []


def test_credentials_in_the_address_are_in_no_message(machine: Machine, free_port: int) -> None:
    ended = machine.run(*machine.work(*ONLY, more=("--grid", f"http://anna:geheim-77@127.0.0.1:{free_port}")))
    assert ended.code == 2
    assert f"the grid at http://127.0.0.1:{free_port} does not answer (connection refused)" in ended.stderr
    assert "geheim-77" not in ended.stderr + ended.stdout
    assert "anna" not in ended.stderr


def test_a_grid_without_the_wanted_browser_is_refused_before_anything_is_touched(
    grid: LocalGrid, machine: Machine
) -> None:
    arguments = [one if one not in ("chromium", "firefox") else "edge" for one in machine.work(*ONLY)]
    ended = machine.run(*arguments, "--grid", grid.url)
    assert ended.code == 2
    assert f"the grid at {grid.url} has no slot for MicrosoftEdge" in ended.stderr
    assert machine.site.requests == ()


@pytest.fixture
def free_port() -> int:
    return free_ports(1)[0]


def test_something_that_is_no_grid_is_named_as_such(site: PracticeSite) -> None:
    with pytest.raises(UsageError) as caught:
        Grid(site.origin, "chromium").check()
    assert str(caught.value) == f"{site.origin} answers, but not as a Selenium Grid 4 does; check --grid"
