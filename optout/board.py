"""The work of one account's run, shared by the threads that do it: index visits and cases, handed out when ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from optout.browser.views import trim_path
from optout.browser.waiting import Stop
from optout.cases import Case, Step


@dataclass(frozen=True, slots=True)
class Visit:
    """An index to be read: at the start, or (`is_proof`) once everything that was switched has settled."""

    index_id: str
    is_proof: bool = False


Work = Case | Visit


class Board:
    """Hands out work that is ready.

    `indexes` are visited first; a case waits until its index was read, its time has come and the settings that it
    depends on are through. `proofs` are visited again when every change has settled. A case whose page hung is done
    alone: one that hangs again would take those with it that share its process.
    """

    def __init__(
        self, cases: Sequence[Case], stop: Stop, *, indexes: Sequence[str] = (), proofs: Sequence[str] = ()
    ) -> None:
        self._cases = tuple(cases)
        self._waiting = [case for case in by_urgency(cases) if case.step is not Step.DONE]
        self._visits = [Visit(one) for one in indexes]
        self._proofs = [Visit(one, is_proof=True) for one in proofs]
        self._unread = set(indexes)
        with_save = (one.setting for one in cases if any(version.save for version in one.setting.controls))
        self._with_save = frozenset(setting.id for setting in with_save)
        self._taken: list[Work] = []
        self._stop = stop
        self._fault: BaseException | None = None
        self._changed = threading.Condition()
        stop.on_stop(self._wake)

    @property
    def fault(self) -> BaseException | None:
        """What ended the work early, if anything did."""
        return self._fault

    def take(self) -> Work | None:
        """Something to do; waits for it; None when there is nothing more to do."""
        with self._changed:
            while True:
                if self._fault or self._stop or self._is_finished():
                    return None
                moment = time.monotonic()
                work = self._next_work(moment)
                if work is not None:
                    self._taken.append(work)
                    return work
                next_due = min((case.not_before - moment for case in self._waiting if self._is_free(case)), default=0.5)
                self._changed.wait(max(0.005, min(next_due, 0.5)))

    def put_back(self, work: Work) -> None:
        """Return what was taken; a case is handed out again unless it is done."""
        with self._changed:
            self._taken.remove(work)
            if isinstance(work, Visit):
                self._unread.discard(work.index_id)
            else:
                self._waiting.append(work)
            self._waiting = [case for case in self._waiting if case.step is not Step.DONE]
            self._changed.notify_all()

    def give_up(self, work: Work, fault: BaseException) -> None:
        """End the work of every thread; a case is left as it is."""
        with self._changed:
            self._fault = self._fault or fault
            self._taken.remove(work)
            if isinstance(work, Case):
                self._waiting.append(work)
            self._changed.notify_all()

    def _is_finished(self) -> bool:
        return not (self._waiting or self._taken or self._visits or self._proofs)

    def _next_work(self, moment: float) -> Work | None:
        if any(isinstance(one, Case) and one.has_hung for one in self._taken):
            return None
        if self._visits:
            return self._visits.pop(0)
        if self._proofs and all(_has_settled(case, moment) for case in self._cases):
            return self._proofs.pop(0)
        due = [case for case in self._waiting if case.not_before <= moment and self._is_free(case)]
        if due:
            # New settings first: the run ends when the last change has settled, so that is to be made early.
            case = min(due, key=lambda one: (one.has_hung, one.step is Step.VERIFY, one.not_before))
            if case.has_hung and self._taken:
                return None
            self._waiting.remove(case)
            return case
        return None

    def _is_free(self, case: Case) -> bool:
        """A setting that another's switching may change waits until that one was operated or is through.

        Settings of one form wait for each other: a Save button sends the whole form, as it was when it was loaded.
        """
        if case.setting.index in self._unread:
            return False
        if any(isinstance(other, Case) and self._share_a_form(case, other) for other in self._taken):
            return False
        causes = [one for one in self._cases if one.setting.id in case.setting.after]
        if any(one is taken for one in causes for taken in self._taken):
            return False  # it may be being pressed at this moment
        return all(one.step is Step.DONE or one.was_operated for one in causes) and not any(
            one.step is Step.EXAMINE for one in causes
        )

    def _share_a_form(self, case: Case, other: Case) -> bool:
        needs_save = case.setting.id in self._with_save or other.setting.id in self._with_save
        return needs_save and bool(_paths(case) & _paths(other))

    def _wake(self) -> None:
        # Called in a signal handler, perhaps in a thread that holds the lock: it must not wait for it.
        if self._changed.acquire(blocking=False):
            self._changed.notify_all()
            self._changed.release()


def by_urgency(cases: Sequence[Case]) -> list[Case]:
    """First those that another setting waits for, then these others; then those whose page speaks alone: it is looked
    at longer.
    """
    causes = {cause for case in cases for cause in case.setting.after}
    return sorted(cases, key=lambda one: (one.setting.id not in causes, not one.setting.after, one.setting.index_value))


def _has_settled(case: Case, moment: float) -> bool:
    return case.step is Step.DONE or (case.step is Step.VERIFY and case.not_before <= moment)


def _paths(case: Case) -> set[str]:
    known = {trim_path(version.path) for version in case.setting.paths}
    return known | {trim_path(path) for path in (case.row_path, case.page_path) if path}
