"""Several accounts at once, by the program as a person starts it: apart from each other, paced, gone on with."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from optout.practice.records import Latency, PracticeAccount
from optout.practice.site import PracticeSite
from tests.machine import BROWSER, OPTOUT, Machine, machine_environ, wait_for

pytestmark = pytest.mark.browser

NAMES = ("anna", "ben", "cleo")
ONLY = ("ai-training", "ads-age", "affiliate-sharing")
FAST = Latency(0.02, 0.02, 0.05)


def member(name: str, **parts: str) -> PracticeAccount:
    return PracticeAccount(f"{name}@practice.test", f"pw-{name}", **parts)  # type: ignore[arg-type]


@pytest.fixture
def crowd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """The program with three accounts; one of them as the test's parameter says."""
    kinds: dict[str, str] = getattr(request, "param", {})
    members = tuple(member(name, **({"sign_in": kinds[name]} if name in kinds else {})) for name in NAMES)
    home = tmp_path / "home"
    with PracticeSite(accounts=members, latency=FAST) as site:
        machine = Machine(site, home, machine_environ(home))
        for one in members:
            add(machine, one)
        yield machine
        machine.end_all()


def add(machine: Machine, one: PracticeAccount) -> None:
    name = one.username.split("@")[0]
    command = ["accounts", "add", name, "--username", one.username, "--password-stdin"]
    subprocess.run(
        [*OPTOUT, *command],
        input=f"{one.password}\n",
        text=True,
        env=machine.environ,
        check=True,
        capture_output=True,
        timeout=60,
    )


def all_of(machine: Machine, *more: str, jobs: int = 2) -> tuple[str, ...]:
    chosen = tuple(part for one in ONLY for part in ("--only", one))
    return ("run", "--all", "--origin", machine.site.origin, "--json", "--jobs", str(jobs), *BROWSER, *chosen, *more)


def loads_of(machine: Machine, name: str) -> int:
    wanted = f"{name}@practice.test"
    return sum(one.username == wanted and one.path.startswith("/mypreferences/") for one in machine.site.requests)


def truth_of(machine: Machine, name: str) -> set[str]:
    truth = machine.site.truth(f"{name}@practice.test")
    return {truth[one] for one in ONLY}


def test_every_account_has_its_own_profile_and_its_own_result(crowd: Machine) -> None:
    ended = crowd.run(*all_of(crowd))

    assert ended.code == 0, ended.stderr
    accounts = ended.document["accounts"]
    assert [(one["account"], one["status"]) for one in accounts] == [(name, "done") for name in NAMES]
    for one in accounts:
        assert {each["outcome"] for each in one["settings"]} == {"turned-off"}
    assert [truth_of(crowd, name) for name in NAMES] == [{"off"}] * 3
    assert len(list((crowd.home / "profiles").iterdir())) == 3
    assert crowd.leftovers() == []


@pytest.mark.parametrize("crowd", [{"ben": "wrong-password", "cleo": "captcha"}], indirect=True)
def test_a_failed_account_never_stops_the_others(crowd: Machine) -> None:
    ended = crowd.run(*all_of(crowd))

    assert ended.code == 3
    found = {one["account"]: one for one in ended.document["accounts"]}
    assert {name: one["status"] for name, one in found.items()} == {
        "anna": "done",
        "ben": "needs-human",
        "cleo": "needs-human",
    }
    assert truth_of(crowd, "anna") == {"off"}
    for name in ("ben", "cleo"):
        assert {one["outcome"] for one in found[name]["settings"]} == {"not-reached"}
        assert f"optout login {name}" in found[name]["reason"] or f"accounts add {name}" in found[name]["reason"]
        assert truth_of(crowd, name) == {"on"}


def test_one_service_is_paced_across_its_accounts(crowd: Machine) -> None:
    ended = crowd.run(*all_of(crowd, "--pace", "0.4", jobs=3))

    assert ended.code == 0, ended.stderr
    loads = sorted(one.at for one in crowd.site.requests if is_document(one.headers) and one.status < 300)
    assert len(loads) > 15
    gaps = [later - earlier for earlier, later in itertools.pairwise(loads)]
    mean = sum(gaps) / len(gaps)
    assert mean >= 0.36, f"{len(loads)} pages with {mean:.2f} s between them: the three accounts did not share a pace"


def is_document(headers: Mapping[str, str]) -> bool:
    return headers.get("sec-fetch-dest") == "document"


def test_a_stopped_bulk_run_goes_on_where_it_was(crowd: Machine) -> None:
    first = crowd.start(*all_of(crowd, jobs=1))
    wait_for(lambda: loads_of(crowd, "ben") > 0, "the second account's first page")
    os.kill(first.process.pid, signal.SIGINT)
    ended = first.end()
    assert ended.code == 1
    statuses = {one["account"]: one["status"] for one in ended.document["accounts"]}
    assert statuses == {"anna": "done", "ben": "failed", "cleo": "failed"}
    assert loads_of(crowd, "cleo") == 0
    before = loads_of(crowd, "anna")

    again = crowd.run(*all_of(crowd, jobs=1))

    assert again.code == 0, again.stderr
    found = {one["account"]: one for one in again.document["accounts"]}
    assert {name: one["status"] for name, one in found.items()} == {"anna": "skipped", "ben": "done", "cleo": "done"}
    assert "which was stopped; not visited again so soon" in found["anna"]["reason"]
    assert {one["outcome"] for one in found["anna"]["settings"]} == {"turned-off"}
    assert loads_of(crowd, "anna") == before, "a page was loaded for an account that was finished"
    assert [truth_of(crowd, name) for name in NAMES] == [{"off"}] * 3
