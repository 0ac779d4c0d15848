"""One account: sign in, survey the indexes, plan, apply, verify, and say what became of each setting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from optout.board import Board
from optout.browser.recognition import PageKind
from optout.browser.session import Session
from optout.browser.tab import Tab, TabHung
from optout.browser.waiting import Stop
from optout.cases import AccountEnds, Case, Desk, Ledger, SignedOut, Step, conclude, examine, verify
from optout.catalogue.models import Index, Setting
from optout.controls import Finder, Rules, Timing
from optout.directory import Directory
from optout.entry import Entry
from optout.errors import BrowserGone, NeedsHuman, OptoutError, PageError, UsageError, place_of
from optout.indexes import IndexPage, IndexReading, failed_index, merge
from optout.outcomes import AccountResult, Outcome, Reading, SettingResult, State, Status
from optout.report.progress import Progress
from optout.signin import SignInFlow
from optout.visits import Visitor
from optout.witnesses import prove

FAULTS = 2
RESTARTS = 1


@dataclass(frozen=True, slots=True)
class Task:
    """What one account's run is asked to do.

    `wanted`: what to put back, by setting id (undo); without it the target is off. `tabs`: pages in flight at once.
    `verified`: the states that an earlier run proved.
    """

    account: str
    command: str
    settings: tuple[Setting, ...]
    dry_run: bool = False
    target: State = State.OFF
    tabs: int = 8
    wanted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    verified: Mapping[str, State] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Means:
    """What one account's run works with. `open_session` starts the account's browser; it may be called twice."""

    directory: Directory
    visitor: Visitor
    signin: SignInFlow
    ledger: Ledger
    progress: Progress
    timing: Timing
    stop: Stop
    open_session: Callable[[], Session]
    find: Finder = prove


class AccountRun:
    """The run of one account. `execute` never raises for what the site, the way or the machine does."""

    def __init__(self, task: Task, means: Means) -> None:
        self._task = task
        self._means = means
        self._service = means.directory.service
        self._cases = [_case(setting, task) for setting in task.settings]
        self._indexes: dict[str, IndexReading] = {}
        self._session: Session | None = None
        self._entry = Entry(means.visitor, means.signin, means.timing, self._note)
        self._loaded_index: str | None = None

    def execute(self) -> AccountResult:
        """Do the task and report every setting in scope, each once.

        Raises `UsageError` only when no page was loaded: no browser, no driver, no display.
        """
        progress, account = self._means.progress, self._task.account
        progress.account_started(account, len(self._cases))
        status, reason = Status.DONE, None
        try:
            self._with_restart()
        except NeedsHuman as error:
            status, reason = Status.NEEDS_HUMAN, str(error)
        except UsageError as error:
            if not self._means.visitor.page_loads:
                raise  # nothing was touched: it is the environment, not the account
            status, reason = Status.FAILED, str(error)
        except OptoutError as error:
            status, reason = Status.FAILED, str(error)
        except Exception as error:  # noqa: BLE001 -- the account's edge: what was clicked is reported all the same
            status, reason = Status.FAILED, f"an unforeseen fault ({place_of(error)}); please report it"
        finally:
            self._close()
        result = AccountResult(
            account=account,
            service=self._service.id,
            status=status,
            reason=reason,
            page_loads=self._means.visitor.page_loads,
            settings=tuple(self._result_of(case, reason) for case in self._cases),
            unlisted=merge(list(self._indexes.values())),
        )
        progress.account_done(result)
        return result

    def _with_restart(self) -> None:
        """Work to the end; start the browser once more if it ends in the middle."""
        for attempt in range(RESTARTS + 1):
            try:
                self._work()
            except BrowserGone as error:
                self._means.stop.check()
                self._close()
                if attempt == RESTARTS:
                    raise BrowserGone(f"the browser ended twice ({error}); see `optout doctor`") from error
                self._note("the browser ended unexpectedly; starting it once more")
            else:
                return

    def _work(self) -> None:
        means = self._means
        self._phase("starting the browser")
        session = self._session = means.open_session()
        means.visitor.watch(session)
        for cookie in self._entry.cookies:
            session.set_cookie(cookie)
        self._phase("signing in")
        tab = session.first_tab
        needed = self._needed_indexes()
        is_loaded = self._entry.enter(session, tab, self._start_page())
        self._loaded_index = needed[0].id if needed and is_loaded else None
        self._phase("reading the indexes")
        self._survey(session, tab)
        self._phase("reading the settings")
        self._work_on_cases(session)
        if not self._task.dry_run and self._task.target is State.OFF:
            self._phase("proving it")
            self._reconcile(session)

    def _start_page(self) -> str:
        """The page to begin with: the first index that is needed, else the first setting's page."""
        needed = self._needed_indexes()
        if needed:
            return needed[0].paths[0].path
        paths = [version.path for case in self._cases for version in case.setting.paths]
        return paths[0] if paths else "/"

    # --- the indexes

    def _needed_indexes(self) -> list[Index]:
        wanted = {case.setting.index for case in self._cases if case.step is not Step.DONE}
        return [index for index in self._service.indexes if index.id in wanted]

    def _survey(self, session: Session, tab: Tab) -> None:
        """Read every index that lists a setting in scope, several at a time."""
        for index_id, reading in self._read_indexes(session, tab, [one.id for one in self._needed_indexes()]).items():
            self._indexes[index_id] = reading
        for case in self._cases:
            index = self._indexes.get(case.setting.index or "")
            if index is None:
                continue
            row = index.rows.get(case.setting.id)
            case.listed = index.reading(case.setting.id) if case.setting.index_value else None
            case.row_path = row.path if row else None

    def _read_indexes(self, session: Session, tab: Tab, index_ids: Sequence[str]) -> dict[str, IndexReading]:
        if not index_ids:
            return {}
        tabs = [tab] + [session.new_tab() for _ in index_ids[1:]]
        if self._loaded_index not in index_ids[:1]:
            self._loaded_index = None
        try:
            with ThreadPoolExecutor(max_workers=len(index_ids)) as pool:
                futures = {
                    index_id: pool.submit(self._read_index, one, index_id)
                    for index_id, one in zip(index_ids, tabs, strict=True)
                }
                return {index_id: future.result() for index_id, future in futures.items()}
        finally:
            for one in tabs[1:]:
                session.close_tab(one)

    def _read_index(self, tab: Tab, index_id: str) -> IndexReading:
        """A fresh reading of one index; a failed one says what is the matter. Raises what ends the account."""
        means = self._means
        index = self._service.index(index_id)
        latest = failed_index(index, self._service.origin, PageError("not read"))
        for _ in range(FAULTS):
            sign_ins = self._entry.sign_ins
            try:
                page = IndexPage(tab, means.directory, index, means.visitor, means.timing, means.stop)
                loaded = self._loaded_index == index_id
                if loaded:
                    self._loaded_index = None
                latest, recognized = page.read(index.paths[0].path) if loaded else page.load_and_read()
            except (AccountEnds, SignedOut):
                raise
            except PageError as error:
                latest = failed_index(index, self._service.origin, error)
                continue
            if recognized.kind is PageKind.SIGNED_OUT:
                self._entry.renew(self._open_session(), tab, sign_ins)
                continue
            if recognized.kind is PageKind.CHALLENGE:
                raise self._entry.challenge(recognized)
            if recognized.kind is PageKind.SLOWED_DOWN:
                means.visitor.slow_down(recognized.detail)
                means.visitor.check()
            if recognized.kind is PageKind.READY:
                break
        if latest.problem:
            self._note(f"the index '{index.title}' could not be read: {latest.problem}")
        return latest

    def _reread_index(self, tab: Tab, index_id: str) -> IndexReading | None:
        reading = self._read_index(tab, index_id)
        return None if reading.problem else reading

    # --- the settings

    def _work_on_cases(self, session: Session) -> None:
        board = Board(self._cases, self._means.stop)
        desk = self._desk()
        open_cases = sum(1 for case in self._cases if case.step is not Step.DONE)
        workers = max(1, min(self._task.tabs, open_cases))
        threads = [
            threading.Thread(
                target=self._worker, args=(board, desk, session, number), name=f"tab-{number}", daemon=True
            )
            for number in range(workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)  # a join without a limit would keep a signal from being handled
        self._means.stop.check()
        if board.fault:
            raise board.fault

    def _worker(self, board: Board, desk: Desk, session: Session, number: int) -> None:
        """One thread with a tab of its own: takes cases until there are none."""
        tab: Tab | None = session.first_tab if number == 0 else None
        while (case := board.take()) is not None:
            try:
                if tab is None or tab.is_hung:
                    tab = self._fresh_tab(session, tab)
                self._take_step(case, desk, tab)
            except BaseException as error:  # noqa: BLE001 -- handed to the thread that started this one
                board.give_up(case, error)
                return
            board.put_back(case)

    def _fresh_tab(self, session: Session, old: Tab | None) -> Tab:
        if old is not None:
            session.close_tab(old)
        return session.new_tab()

    def _take_step(self, case: Case, desk: Desk, tab: Tab) -> None:
        sign_ins = self._entry.sign_ins
        self._means.progress.setting_started(self._task.account, case.setting.title)
        self._mark_cascade(case)
        try:
            (verify if case.step is Step.VERIFY else examine)(case, desk, tab)
        except SignedOut:
            self._entry.renew(self._open_session(), tab, sign_ins)
        except AccountEnds as error:
            raise self._entry.challenge(error.recognized) from error
        except PageError as error:
            case.faults += 1
            if case.faults >= FAULTS:
                changed = "it was clicked, but what became of it is not known: " if case.was_operated else ""
                conclude(case, Outcome.FAILED, reason=f"{changed}{error}")
            if isinstance(error, TabHung):
                tab.is_hung = True
        if case.result is not None and case.result.outcome is not Outcome.TURNED_OFF:
            self._means.progress.setting_done(self._task.account, case.result)

    def _mark_cascade(self, case: Case) -> None:
        """A setting that was on and goes off with another was on before this run, whatever it shows at its turn."""
        causes = [one for one in self._cases if one.setting.id in case.setting.after and one.was_operated]
        if causes and case.before is None and case.listed and case.listed.state is State.ON:
            case.before = State.ON

    # --- proof by the indexes

    def _reconcile(self, session: Session) -> None:
        """Compare what the settings' own pages say with fresh indexes; look at both again where they disagree."""
        changed = [case for case in self._cases if case.result and case.result.outcome is Outcome.TURNED_OFF]
        index_ids = sorted({case.setting.index for case in changed if case.listed and case.setting.index})
        fresh: dict[str, IndexReading] = {}
        if index_ids:
            fresh = self._read_indexes(session, session.first_tab, index_ids)
            if any(self._disagrees(case, fresh) for case in changed):
                self._means.stop.pause(self._means.timing.settle)
                fresh = self._read_indexes(session, session.first_tab, index_ids)
        for case in changed:
            if self._disagrees(case, fresh):
                self._settle_disagreement(case, session.first_tab, fresh)
            if case.result:
                self._means.progress.setting_done(self._task.account, case.result)
        for index_id, reading in fresh.items():
            if not reading.problem:
                self._indexes[index_id] = reading

    def _disagrees(self, case: Case, fresh: Mapping[str, IndexReading]) -> bool:
        """Whether the fresh index fails to confirm a setting whose row showed a value before."""
        index = fresh.get(case.setting.index or "")
        if index is None or case.listed is None:
            return False
        if index.problem:
            return True
        row = index.rows.get(case.setting.id)
        if row is None or row.state is None:
            return not index.is_whole
        return row.state is not State.OFF

    def _settle_disagreement(self, case: Case, tab: Tab, fresh: Mapping[str, IndexReading]) -> None:
        """The index says on, the own page said off: read the own page again, then say what is doubted."""
        first = case.result
        index = fresh[case.setting.index or ""]
        listed: Reading | str = index.reading(case.setting.id) or f"its index could not be read again: {index.problem}"
        case.result, case.tries = None, FAULTS
        case.step = Step.VERIFY
        with suppress(PageError):
            verify(case, self._desk(), tab)
        if case.result is None or case.result.outcome is Outcome.TURNED_OFF:
            assert first is not None  # noqa: S101
            conclude(case, Outcome.UNREADABLE, reason=f"two readings disagree: {case.reading}; but {listed}")

    def _desk(self) -> Desk:
        means = self._means
        rules = Rules(means.directory, means.timing, means.stop, means.find)
        return Desk(rules, means.visitor, means.ledger, self._task.dry_run, self._reread_index)

    # --- the end

    def _result_of(self, case: Case, reason: str | None) -> SettingResult:
        if case.result is not None:
            return case.result
        if case.was_operated:
            conclude(
                case, Outcome.FAILED, reason=f"it was clicked, but the run ended before it could be proved: {reason}"
            )
        else:
            case.reading = None
            conclude(case, Outcome.NOT_REACHED, reason=reason or "the run ended before its turn")
        assert case.result is not None  # noqa: S101 -- conclude gives it
        return case.result

    def _open_session(self) -> Session:
        if self._session is None:
            raise BrowserGone("there is no browser")
        return self._session

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _phase(self, text: str) -> None:
        self._means.progress.phase(self._task.account, text)

    def _note(self, text: str) -> None:
        self._means.progress.note(self._task.account, text)


def _case(setting: Setting, task: Task) -> Case:
    case = Case(setting, target=task.target, verified=task.verified.get(setting.id))
    wanted = task.wanted.get(setting.id)
    if wanted:
        case.restore = tuple(wanted.get("boxes") or ()) or None
        case.restore_value = wanted.get("value")
    return case
