"""One account: sign in, survey the indexes, plan, apply, verify, and say what became of each setting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from optout.board import Board, Visit, Work
from optout.browser.session import Session
from optout.browser.tab import Tab, TabHung
from optout.browser.waiting import Stop
from optout.cases import AccountEnds, Case, Desk, Ledger, SignedOut, Step, conclude, examine, take_again, verify
from optout.catalogue.models import Setting
from optout.controls import Finder, Rules, Timing
from optout.directory import Directory
from optout.entry import Entry
from optout.errors import BrowserGone, NeedsHuman, OptoutError, PageError, Stopped, UsageError, place_of
from optout.indexes import IndexReading, merge
from optout.outcomes import AccountResult, Outcome, SettingResult, State, Status
from optout.proof import Proof
from optout.report.progress import Progress
from optout.signin import SignInFlow
from optout.survey import FAULTS, Dated, Survey
from optout.tabs import Tabs
from optout.visits import Visitor
from optout.witnesses import prove

RESTARTS = 1
# What a step may come to that was led astray by a sign-in in the middle of it.
DOUBTS = frozenset({Outcome.NOT_FOUND, Outcome.NOT_OFFERED, Outcome.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Task:
    """What one account's run is asked to do.

    `wanted`: what to put back, by setting id (undo); without it the target is off. `tabs`: pages in flight at once.
    `verified`: the states that an earlier run proved; `addresses`: the paths where it found their controls; `doubted`:
    the settings of which the last look could not tell the state.
    `is_first`: no browser profile was kept so far, so the account will be signed out.
    """

    account: str
    command: str
    settings: tuple[Setting, ...]
    dry_run: bool = False
    target: State = State.OFF
    tabs: int = 8
    wanted: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    verified: Mapping[str, State] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    doubted: frozenset[str] = frozenset()
    is_first: bool = False


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
        self._session: Session | None = None
        self._entry = Entry(means.visitor, means.signin, means.timing, self._note)
        self._survey = Survey(means.directory, means.visitor, self._entry, means.timing, means.stop, self._note)
        self._proofs: dict[str, Dated] = {}

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
        ended = Stopped.OF_A_SETTING if reason == Stopped.TEXT else reason
        result = AccountResult(
            account=account,
            service=self._service.id,
            status=status,
            reason=reason,
            page_loads=self._means.visitor.page_loads,
            settings=tuple(self._result_of(case, ended) for case in self._cases),
            unlisted=merge(list(self._survey.latest.values())),
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
            except UsageError as error:
                if attempt == 0:
                    raise
                raise BrowserGone(f"the browser ended and could not be started again ({error})") from error
            else:
                return

    def _work(self) -> None:
        means = self._means
        will_sign_in = self._task.is_first and self._service.signin and not self._entry.sign_ins
        if will_sign_in:
            means.signin.look_up()
        self._phase("starting the browser")
        session = self._session = means.open_session()
        if will_sign_in:
            means.signin.looked_up()  # a wrong passphrase is told before anything is touched
        means.visitor.watch(session)
        for cookie in self._entry.cookies:
            session.set_cookie(cookie)
        self._phase("signing in")
        tabs = self._tabs(session)
        self._entry.enter(session, session.first_tab, self._start_page())
        if self._entry.sign_ins:
            tabs.distrust_ahead()
        tabs.add(session.first_tab)
        self._work_on_cases(tabs)
        if self._wants_proof:
            self._phase("proving it")
            desk = self._desk()
            Proof(self._cases, self._survey, session, desk, self._proofs, self._take_step, self._tell_result).prove()
            self._tell_of_others()

    @property
    def _wants_proof(self) -> bool:
        return not self._task.dry_run and self._task.target is State.OFF

    def _open_cases(self) -> list[Case]:
        return [case for case in self._cases if case.step is not Step.DONE]

    def _start_page(self) -> str:
        """The page to begin with: the index that lists most of the settings, else the first setting's page."""
        needed = self._survey.needed(self._open_cases())
        if needed:
            return needed[0].paths[0].path
        paths = [version.path for case in self._cases for version in case.setting.paths]
        return paths[0] if paths else "/"

    def _tabs(self, session: Session) -> Tabs:
        """The tabs to work in; the pages that are read in any case are opened while the first one is under way.

        Those only where an earlier run left a signed-in browser profile: others would all lead to the sign-in page.
        """
        if not self._task.verified:
            return Tabs(session, self._means.visitor, blank=self._tab_count - 1)
        cases = self._open_cases()
        paths = [index.paths[0].path for index in self._survey.needed(cases)[1:]]
        alone = [case.setting.id for case in cases if not case.setting.index_value]
        paths += [self._task.addresses[one] for one in alone if one in self._task.addresses]
        return Tabs(session, self._means.visitor, paths=paths[: self._tab_count - 1])

    @property
    def _tab_count(self) -> int:
        return max(1, min(self._task.tabs, len(self._open_cases())))

    # --- the work: index visits and settings

    def _work_on_cases(self, tabs: Tabs) -> None:
        open_cases = self._open_cases()
        indexes = [one.id for one in self._survey.needed(open_cases)]
        board = Board(self._cases, self._means.stop, indexes=indexes, proofs=indexes if self._wants_proof else ())
        desk = self._desk()
        self._phase("reading the indexes" if indexes else "reading the settings")
        threads = [
            threading.Thread(target=self._worker, args=(board, desk, tabs), name=f"tab-{number}", daemon=True)
            for number in range(self._tab_count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)  # a join without a limit would keep a signal from being handled
        self._means.stop.check()
        if board.fault:
            raise board.fault

    def _worker(self, board: Board, desk: Desk, tabs: Tabs) -> None:
        """One thread with a tab of its own: takes work until there is none."""
        tab: Tab | None = None
        while (work := board.take()) is not None:
            try:
                tab = tabs.suited(self._address_of(work), tab)
                if isinstance(work, Visit):
                    self._visit(work, tab)
                else:
                    self._take_step(work, desk, tab)
                tab = tabs.unless_hung(tab)
            except BaseException as error:  # noqa: BLE001 -- handed to the thread that started this one
                board.give_up(work, error)
                return
            board.put_back(work)

    def _address_of(self, work: Work) -> str | None:
        """Where a piece of work begins, where that is known."""
        if isinstance(work, Visit):
            return None if work.is_proof else self._service.index(work.index_id).paths[0].path
        if work.step is not Step.EXAMINE:
            return None
        return work.row_path or next((version.path for version in work.setting.paths), None)

    def _visit(self, visit: Visit, tab: Tab) -> None:
        """Read an index: at the start for what it says of its settings, at the end for what it confirms."""
        if visit.is_proof:
            is_listed = any(case.listed and case.setting.index == visit.index_id for case in self._cases)
            if is_listed and any(case.was_operated or case.went_along for case in self._cases):
                self._proofs[visit.index_id] = self._survey.read(self._open_session(), tab, visit.index_id)
            return
        self._survey.read(self._open_session(), tab, visit.index_id)
        for case in self._open_cases():
            if case.setting.index == visit.index_id:
                self._survey.tell(case)
                self._index_was_read(case)
        self._phase("reading the settings")

    def _index_was_read(self, case: Case) -> None:
        """What a setting's index says of it is known now; its turn comes after this."""

    def _take_step(self, case: Case, desk: Desk, tab: Tab) -> None:
        sign_ins, turns = self._entry.sign_ins, self._entry.turns
        self._means.progress.setting_started(self._task.account, case.setting.title)
        self._mark_cascade(case)
        try:
            with tab.more_time(case.is_slow):
                (verify if case.step is Step.VERIFY else examine)(case, desk, tab)
        except SignedOut:
            case.sign_outs += 1
            self._entry.renew(self._open_session(), tab, sign_ins)
            if case.sign_outs > FAULTS:
                conclude(case, Outcome.FAILED, reason="its page asks to sign in although the account is signed in")
        except AccountEnds as error:
            raise self._entry.challenge(error.recognized) from error
        except PageError as error:
            case.faults += 1
            if case.faults >= FAULTS:
                changed = "it was clicked, but what became of it is not known: " if case.was_operated else ""
                conclude(case, Outcome.FAILED, reason=f"{changed}{error}")
            if isinstance(error, TabHung):
                tab.is_hung = case.has_hung = case.is_slow = True
        except OptoutError:
            raise
        except Exception as error:  # noqa: BLE001 -- the setting's edge: one setting's fault is never another's
            changed = "it was clicked, but what became of it is not known: " if case.was_operated else ""
            conclude(case, Outcome.FAILED, reason=f"{changed}an unforeseen fault ({place_of(error)}); please report it")
        else:
            case.has_hung = False
        if (turns % 2 or turns != self._entry.turns) and case.result and case.result.outcome in DOUBTS:
            take_again(case)
        if case.result is not None and case.result.outcome is not Outcome.TURNED_OFF:
            self._tell_result(case)

    def _tell_result(self, case: Case) -> None:
        if case.result is not None:
            self._means.progress.setting_done(self._task.account, case.result)

    def _tell_of_others(self) -> None:
        """Say which settings that were left out of this run may have gone off with one that was switched."""
        switched = {case.setting.id: case.setting.title for case in self._cases if case.was_operated}
        known = {case.setting.id for case in self._cases}
        for other in self._service.settings:
            causes = [switched[one] for one in other.after if one in switched]
            if causes and other.id not in known:
                text = f"{other.title}, which this run leaves out, may have gone off with {' and '.join(causes)}"
                self._means.progress.tell(self._task.account, text)

    def _mark_cascade(self, case: Case) -> None:
        """A setting that was on and goes off with another was on before this run, whatever it shows at its turn."""
        if self._task.target is not State.OFF:
            return  # putting back takes nothing along
        causes = [one for one in self._cases if one.setting.id in case.setting.after and one.was_operated]
        if causes and case.before is None and case.listed and case.listed.state is State.ON:
            case.before, case.went_along = State.ON, True

    def _desk(self) -> Desk:
        means = self._means
        rules = Rules(means.directory, means.timing, means.stop, means.find, means.visitor.check)
        return Desk(
            rules,
            means.visitor,
            means.ledger,
            self._task.dry_run,
            self._reread_index,
            self._taken_along,
            lambda: any(case.was_operated for case in self._cases),
        )

    def _taken_along(self, cause: Case) -> list[Case]:
        """The settings that a first switching of this one may take along, so far as their index shows them on."""
        if self._task.target is not State.OFF or cause.was_operated:
            return []
        after = [one for one in self._cases if cause.setting.id in one.setting.after and one.before is None]
        return [one for one in after if one.listed and one.listed.state is State.ON]

    def _reread_index(self, tab: Tab, index_id: str) -> IndexReading | None:
        reading = self._survey.read(self._open_session(), tab, index_id).reading
        return None if reading.problem else reading

    # --- the end

    def _result_of(self, case: Case, reason: str | None) -> SettingResult:
        if case.result and case.result.outcome is Outcome.TURNED_OFF and case.listed and not case.is_confirmed:
            # A claim needs the index as well (proof rule 4), and that end did not come.
            why = "its own page says off, but the run ended before its index could confirm that"
            conclude(case, Outcome.FAILED, reason=f"{why}: {reason}")
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
