"""Many accounts: each apart from the others, so many at a time, one result."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import Timeout as LockTaken

from optout.accounts import Account, Grant, Withheld, lock_of
from optout.browser.grid import Grid, with_other_nodes
from optout.browser.launch import Launch, end_leftovers, open_session
from optout.browser.session import Session
from optout.browser.waiting import Stop
from optout.carried import Cookie, carried_cookies, set_cookies
from optout.catalogue.models import Service, Setting
from optout.changes import with_changes
from optout.check import CheckRun
from optout.controls import Finder, Timing
from optout.directory import Directory
from optout.early import EarlyBrowser
from optout.errors import OptoutError, UsageError, place_of
from optout.history import History, HistoryError, Intent
from optout.ledger import HistoryLedger, settled
from optout.outcomes import AccountResult, Outcome, RunResult, SettingResult, State, Status, now
from optout.places import Places, private_folder
from optout.report.progress import Progress
from optout.resume import finished_before
from optout.runner import AccountRun, Means, Task
from optout.signin import Person, SignInFlow
from optout.visits import Pacer, Visitor
from optout.witnesses import prove

LOCK_SECONDS = 60.0
# Tabs at work at once on this machine, all accounts together, and the least that each one gets: with fewer than five,
# pages wait for each other where cores would be free (eight accounts on two cores: 37 s with 5 tabs each, 45 s with 3).
# A grid's nodes have cores of their own: there each account gets all its tabs.
MOST_TABS, LEAST_TABS = 12, 5


@dataclass(frozen=True, slots=True)
class Errand:
    """One account's part of a command. `keeps_profile` is False for made-up accounts: nothing of them is kept."""

    account: Account
    directory: Directory
    settings: tuple[Setting, ...]
    credentials: Callable[[], Grant | Withheld]
    wanted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    keeps_profile: bool = True

    @property
    def service(self) -> Service:
        """The account's service, with the origin that is really visited."""
        return self.directory.service


@dataclass(frozen=True, slots=True)
class Orders:
    """How a command is carried out, whatever the account. `pace` is in seconds, None for the catalogue's.

    `find` gives an errand's finder of controls, `make` the kind of run, where the command does not say it.
    """

    command: str
    dry_run: bool = False
    target: State = State.OFF
    launch: Launch = field(default_factory=Launch)
    jobs: int = 1
    tabs: int = 8
    pace: float | None = None
    pictures: bool = False
    timing: Timing = field(default_factory=Timing)
    find: Callable[[Errand], Finder] = lambda _: prove
    make: Callable[[Task, Means], AccountRun] | None = None


@dataclass(frozen=True, slots=True)
class Kit:
    """What a command works with. `early` is a browser that was started before the errands were known."""

    places: Places
    history: History
    progress: Progress
    person: Person
    stop: Stop
    catalogue_version: str
    open_session: Callable[[Launch, Stop, Callable[[str], None]], Session] = open_session
    early: EarlyBrowser | None = None


@dataclass(frozen=True, slots=True)
class FleetResult:
    """The result, and the pictures that were taken on the way."""

    result: RunResult
    pictures: Mapping[tuple[str, str, str], bytes]


class Fleet:
    """Carries out one command over several accounts."""

    def __init__(self, orders: Orders, kit: Kit) -> None:
        self._orders = orders
        self._kit = kit
        self._pacers: dict[str, Pacer] = {}
        self._pacers_lock = threading.Lock()
        self._warnings: frozenset[str] = frozenset()
        self._pictures: dict[tuple[str, str, str], bytes] = {}
        self._refusals: list[UsageError] = []
        self._at_once = 1
        launch = orders.launch
        self._grid = Grid(launch.grid, launch.kind) if launch.grid else None

    def carry_out(self, errands: Sequence[Errand]) -> FleetResult:
        """Run every errand, `jobs` at a time; a failed account never stops the others.

        Raises `UsageError` before anything is touched, never for what happens to a single account.
        """
        started, began = now(), time.monotonic()
        jobs = min(self._orders.jobs, self._grid.check()) if self._grid else self._orders.jobs
        self._at_once = max(1, min(jobs, len(errands)))
        early = self._kit.early
        if early and not any(early.is_on(self._profile_of(errand)) for errand in errands):
            early.close()
        origins = {errand.account.name: errand.service.origin for errand in errands}
        run_id = self._kit.history.begin_run(
            self._orders.command,
            self._orders.dry_run,
            origins,
            program_version=program_version(),
            catalogue_version=self._kit.catalogue_version,
            started=started,
        )
        with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="account") as pool:
            futures = [pool.submit(self._one, errand, run_id, is_bulk=len(errands) > 1) for errand in errands]
            results = tuple(_patiently(future) for future in futures)
        result = RunResult(
            command=self._orders.command,
            dry_run=self._orders.dry_run,
            started=started,
            seconds=time.monotonic() - began,
            accounts=results,
            run_id=run_id,
        )
        self._finish(run_id, result)
        self._kit.progress.close()
        if self._refusals and len(self._refusals) == len(errands):
            raise self._refusals[0]
        return FleetResult(result, dict(self._pictures))

    def _finish(self, run_id: int, result: RunResult) -> None:
        """Record the end of the run; a history that fails now costs the record, never the report of what was done."""
        try:
            self._kit.history.finish_run(run_id, result)
        except HistoryError as error:
            self._kit.progress.note("history", str(error))

    def _one(self, errand: Errand, run_id: int, *, is_bulk: bool) -> AccountResult:
        """One account, start to end. Nothing that happens here reaches another account."""
        name, origin = errand.account.name, errand.service.origin
        try:
            with self._alone(errand):
                self._kit.stop.check()
                finished = self._finished_before(errand, run_id) if is_bulk else None
                if finished is None:
                    return self._locked(errand, run_id)
                result = finished
        except UsageError as error:
            self._refusals.append(error)
            result = _nothing_reached(errand, str(error))
        except OptoutError as error:
            result = _nothing_reached(errand, str(error))
        except Exception as error:  # noqa: BLE001 -- the account's edge: one account's fault is never another's
            result = _nothing_reached(errand, f"an unforeseen fault ({place_of(error)}); please report it")
        with suppress(HistoryError):  # the end of the run says so
            self._kit.history.finish_account(run_id, result, origin)
        self._kit.progress.note(name, result.reason or "")
        self._kit.progress.account_done(result)
        return result

    @contextmanager
    def _alone(self, errand: Errand) -> Iterator[None]:
        """Hold the account's lock: the one that its early browser holds, or one that may have to be waited for."""
        kit, name = self._kit, errand.account.name
        if kit.early and kit.early.is_on(self._profile_of(errand)):
            with closing(kit.early):
                yield
        else:
            with account_lock(
                kit.places, name, errand.service.origin, kit.stop, lambda text: kit.progress.tell(name, text)
            ):
                yield

    def _is_first(self, errand: Errand) -> bool:
        profile, early = self._profile_of(errand), self._kit.early
        if self._grid or not errand.keeps_profile:
            return False
        return early.is_new if early and early.is_on(profile) else not profile.exists()

    def _profile_of(self, errand: Errand) -> Path:
        return self._kit.places.profile(errand.account.name, errand.service.origin)

    def _finished_before(self, errand: Errand, run_id: int) -> AccountResult | None:
        """The account's result, where this command goes on with a bulk run that was stopped after it."""
        if self._orders.command != "run" or self._orders.dry_run:
            return None
        ids = tuple(one.id for one in errand.settings)
        return finished_before(self._kit.history, errand.account.name, errand.service.origin, ids, run_id, now())

    def _locked(self, errand: Errand, run_id: int) -> AccountResult:
        kit, orders = self._kit, self._orders
        name, origin = errand.account.name, errand.service.origin
        verified = kit.history.last_verified(name, origin)
        rows_seen = kit.history.rows_seen(name, origin, (one.id for one in errand.settings))
        earlier: dict[str, list[Intent]] = {}
        for intent in kit.history.unfinished(name, origin):
            earlier.setdefault(intent.setting_id, []).append(intent)
        self._tell_of_unfinished(errand, earlier)
        ledger = HistoryLedger(kit.history, run_id, name, origin, pictures=orders.pictures)
        task = Task(
            account=name,
            command=orders.command,
            settings=errand.settings,
            dry_run=orders.dry_run or orders.command == "check",
            target=orders.target,
            tabs=orders.tabs if self._grid else min(orders.tabs, max(LEAST_TABS, MOST_TABS // self._at_once)),
            wanted=errand.wanted,
            verified={setting_id: one.state for setting_id, one in verified.items()},
            addresses={setting_id: one.path for setting_id, one in verified.items() if one.path},
            doubted=kit.history.doubted(name, origin),
            is_first=self._is_first(errand),
        )
        with self._profile(errand) as profile:
            means = Means(
                directory=errand.directory,
                visitor=Visitor(errand.service, self._pacer(errand.service), kit.stop),
                signin=SignInFlow(name, kit.person, kit.stop, errand.credentials),
                ledger=ledger,
                progress=kit.progress,
                timing=orders.timing,
                stop=kit.stop,
                open_session=self._opener(errand, profile),
                find=orders.find(errand),
            )
            make = orders.make or (CheckRun if orders.command == "check" else AccountRun)
            try:
                result = with_changes(make(task, means).execute(), verified, rows_seen)
            except UsageError:
                if task.is_first and profile:  # nothing was touched: the next run is the first
                    shutil.rmtree(profile, ignore_errors=True)
                raise
        try:
            ledger.conclude(result, settled(orders.command, result, earlier, dry_run=orders.dry_run))
        except HistoryError as error:
            result = _unrecorded(result, error)
        self._pictures.update(ledger.pictures)
        return result

    def _tell_of_unfinished(self, errand: Errand, earlier: Mapping[str, object]) -> None:
        """Name what an earlier run was changing when it ended, and this one leaves out."""
        known = {one.id for one in errand.settings}
        left = [one.title for one in errand.service.settings if one.id in earlier and one.id not in known]
        if left and self._orders.command == "run":
            text = f"an earlier run was changing what this one leaves out: {', '.join(left)}"
            self._kit.progress.tell(errand.account.name, text)

    def _opener(self, errand: Errand, profile: Path | None) -> Callable[[], Session]:
        """What starts the account's browser: here on its profile, or on the grid with the sign-in carried over."""
        kit, launch = self._kit, self._orders.launch

        def tell(text: str) -> None:
            kit.progress.note(errand.account.name, text)

        def warn(text: str) -> None:
            with self._pacers_lock:
                is_news, self._warnings = text not in self._warnings, self._warnings | {text}
            (kit.progress.tell if is_news else kit.progress.note)(errand.account.name, text)

        def open_here(where: Launch) -> Session:
            started = kit.early.take(where, warn) if kit.early else None
            if started:
                return started
            if where.profile and errand.keeps_profile:
                end_leftovers(where.profile)  # of a killed run, or of this one when its driver died alone
            return kit.open_session(where, kit.stop, warn)

        if self._grid is None:
            return lambda: open_here(replace(launch, profile=profile))
        kept = replace(launch, profile=profile, grid=None, headed=False)
        cookies = carried_cookies(kept, errand.service.origin, open_here, tell)
        return lambda: self._open_on_grid(lambda: open_here(launch), cookies, tell)

    def _open_on_grid(
        self, open_one: Callable[[], Session], cookies: tuple[Cookie, ...], tell: Callable[[str], None]
    ) -> Session:
        grid, stop = self._grid, self._kit.stop
        assert grid is not None  # noqa: S101 -- the caller looked

        def open_in_a_slot() -> Session:
            with grid.slot(stop, tell):
                return open_one()

        session: Session = with_other_nodes(open_in_a_slot, stop, tell)
        try:
            set_cookies(session, cookies, stop)
        except BaseException:
            session.close()
            raise
        return session

    @contextmanager
    def _profile(self, errand: Errand) -> Iterator[Path | None]:
        """The account's kept browser profile; a passing one for made-up accounts, none for those on a grid."""
        if self._grid and not errand.keeps_profile:
            yield None
        elif not errand.keeps_profile:
            with tempfile.TemporaryDirectory(prefix="optout-", ignore_cleanup_errors=True) as folder:
                yield Path(folder)
        else:
            private_folder(self._kit.places.profiles)
            yield self._profile_of(errand)

    def _pacer(self, service: Service) -> Pacer:
        with self._pacers_lock:
            if service.origin not in self._pacers:
                default = 0.0 if service.is_loopback else service.pace_seconds
                seconds = default if self._orders.pace is None else self._orders.pace
                self._pacers[service.origin] = Pacer(seconds, self._kit.stop)
            return self._pacers[service.origin]


@contextmanager
def account_lock(places: Places, account: str, origin: str, stop: Stop, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold an account's lock; the system frees it whatever becomes of this program.

    Waits for another run of the account, and says so; raises `OptoutError` if that takes too long.
    """
    lock = lock_of(places, account, origin)
    deadline = time.monotonic() + LOCK_SECONDS
    was_told = False
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except LockTaken:
            if not was_told:
                tell("another run is at work on this account; waiting for it")
                was_told = True
            if time.monotonic() > deadline:
                raise OptoutError(
                    f"another optout is still at work on '{account}'; run this again when it is done"
                ) from None
            stop.pause(0.3)
    try:
        yield
    finally:
        lock.release()


def program_version() -> str:
    """The program's version, from its metadata."""
    try:
        return version("optout")
    except PackageNotFoundError:
        return "unknown"


def _patiently(future: Future[AccountResult]) -> AccountResult:
    """Wait in short steps, so that a signal is handled in between."""
    while True:
        try:
            return future.result(timeout=0.3)
        except TimeoutError:
            if future.done():
                raise


def _nothing_reached(errand: Errand, reason: str) -> AccountResult:
    settings = tuple(
        SettingResult(one.id, one.group, one.title, Outcome.NOT_REACHED, reason=reason) for one in errand.settings
    )
    return AccountResult(errand.account.name, errand.service.id, Status.FAILED, reason, 0, settings)


def _unrecorded(result: AccountResult, error: HistoryError) -> AccountResult:
    """A result that the history could not take: what was proved stands, but the run is not done."""
    if result.status is not Status.DONE:
        return result
    return replace(result, status=Status.FAILED, reason=f"what was done could not be recorded. {error}")
