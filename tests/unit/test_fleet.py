"""The fleet and a browser that was started before its errands were known; the runs themselves are stood in for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from optout.accounts import Account, AccountBook, Withheld, lock_of, new_account
from optout.browser.launch import Launch
from optout.browser.session import Session
from optout.browser.waiting import Stop
from optout.catalogue.loading import load_catalogue
from optout.catalogue.scope import scope, with_origin
from optout.directory import Directory
from optout.early import Beginning, EarlyBrowser, early_browser
from optout.fleet import Errand, Fleet, FleetResult, Kit, Orders
from optout.history import History
from optout.outcomes import AccountResult, Status
from optout.places import Places
from optout.report.progress import QuietProgress
from optout.runner import AccountRun, Means, Task
from optout.secret import MemorySecrets, Secret
from tests.harness import Nobody

ORIGIN = "http://127.0.0.1:1"
OTHER = "http://127.0.0.1:2"
CATALOGUE = load_catalogue()


@dataclass
class Opener:
    """Stands in for the browser: numbers its sessions, and remembers how many were closed."""

    opened: int = 0
    closed: int = 0

    def __call__(self, launch: Launch, stop: Stop, warn: Callable[[str], None]) -> Session:
        del launch, stop
        self.opened += 1
        warn(f"browser {self.opened}")
        return self  # type: ignore[return-value]

    def close(self) -> None:
        self.closed += 1


class Notes(QuietProgress):
    def __init__(self) -> None:
        self.noted: list[tuple[str, str]] = []
        self.told: list[tuple[str, str]] = []

    def note(self, account: str, text: str) -> None:
        self.noted.append((account, text))

    def tell(self, account: str, text: str) -> None:
        self.told.append((account, text))


@dataclass
class Scene:
    """A home, and a fleet in it whose runs do what a test says instead of visiting a site."""

    places: Places
    history: History
    opener: Opener = field(default_factory=Opener)
    progress: Notes = field(default_factory=Notes)

    def errand(self, name: str, origin: str = ORIGIN) -> Errand:
        service = with_origin(CATALOGUE.services[0], origin)
        account = Account(name, service.id, f"{name}@x.test", service.origin, False, datetime.now(UTC))
        settings = scope(service, ["ads-age"])
        return Errand(account, Directory.of(CATALOGUE, service), settings, lambda: Withheld("none"))

    def carry_out(
        self, early: EarlyBrowser | None, work: Callable[[Task, Means], None], *errands: Errand
    ) -> FleetResult:
        @dataclass
        class Run:
            task: Task
            means: Means

            def execute(self) -> AccountResult:
                work(self.task, self.means)
                return AccountResult(self.task.account, "linkedin", Status.DONE, None, 0, ())

        kit = Kit(self.places, self.history, self.progress, Nobody(), Stop(), "test", self.opener, early)
        make: Callable[[Task, Means], AccountRun] = Run  # type: ignore[assignment]
        return Fleet(Orders("run", make=make), kit).carry_out(errands)

    def is_free(self, name: str, origin: str = ORIGIN) -> bool:
        lock = lock_of(self.places, name, origin)
        with lock.acquire(timeout=0):
            return True


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    places = Places(tmp_path).prepare()
    for name in ("anna", "ben"):
        account = new_account(name, "linkedin", f"{name}@x.test", ORIGIN)
        AccountBook(places, MemorySecrets()).add(account, Secret("pw"))
    with History.open(places.history_file) as history:
        yield Scene(places, history)


ANNA = Beginning(("anna",), False, None, Launch())


def test_the_run_gets_the_early_browser_first_and_a_new_one_after_a_crash(scene: Scene) -> None:
    counts: list[int] = []

    def work(task: Task, means: Means) -> None:
        for _ in range(2):
            means.open_session().close()
            counts.append(scene.opener.opened)

    with early_browser(ANNA, scene.places, Stop(), scene.opener) as early:
        result = scene.carry_out(early, work, scene.errand("anna")).result

    assert [one.status for one in result.accounts] == [Status.DONE]
    assert counts == [1, 2]
    assert scene.opener.closed == 2
    assert [text for _, text in scene.progress.told] == ["browser 1", "browser 2"]


def test_the_lock_of_the_early_browser_is_free_once_its_account_is_done(scene: Scene) -> None:
    visited: list[str] = []

    def work(task: Task, means: Means) -> None:
        if visited:
            assert scene.is_free("anna")
        visited.append(task.account)
        means.open_session().close()

    with early_browser(ANNA, scene.places, Stop(), scene.opener) as early:
        result = scene.carry_out(early, work, scene.errand("anna"), scene.errand("ben")).result

    assert [(one.account, one.status, one.reason) for one in result.accounts] == [
        ("anna", Status.DONE, None),
        ("ben", Status.DONE, None),
    ]
    assert visited == ["anna", "ben"]
    assert scene.opener.opened == 2


def test_an_account_that_needs_no_browser_ends_the_early_one(scene: Scene) -> None:
    with early_browser(ANNA, scene.places, Stop(), scene.opener) as early:
        scene.carry_out(early, lambda *_: None, scene.errand("anna"))
        assert (scene.opener.opened, scene.opener.closed) == (1, 1)
        assert scene.is_free("anna")


def test_an_early_browser_on_another_profile_is_ended_before_anything_else(scene: Scene) -> None:
    states: list[tuple[int, int, bool]] = []

    def work(task: Task, means: Means) -> None:
        states.append((scene.opener.opened, scene.opener.closed, scene.is_free("anna")))
        means.open_session().close()

    with early_browser(ANNA, scene.places, Stop(), scene.opener) as early:
        scene.carry_out(early, work, scene.errand("anna", OTHER))

    assert states == [(1, 1, True)]
    assert (scene.opener.opened, scene.opener.closed) == (2, 2)
