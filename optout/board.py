"""The cases of one account's run, shared by the threads that work on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from optout.browser.views import trim_path
from optout.browser.waiting import Stop
from optout.cases import Case, Step


class Board:
    """Hands out cases that are ready: their time has come and the settings they depend on are through."""

    def __init__(self, cases: Sequence[Case], stop: Stop) -> None:
        self._cases = tuple(cases)
        self._waiting = [case for case in cases if case.step is not Step.DONE]
        self._taken: list[Case] = []
        self._stop = stop
        self._fault: BaseException | None = None
        self._changed = threading.Condition()
        stop.on_stop(self._wake)

    @property
    def fault(self) -> BaseException | None:
        """What ended the work early, if anything did."""
        return self._fault

    def take(self) -> Case | None:
        """A case to work on; waits for one; None when there is nothing more to do."""
        with self._changed:
            while True:
                if self._fault or self._stop or (not self._waiting and not self._taken):
                    return None
                moment = time.monotonic()
                ready = [case for case in self._waiting if self._is_free(case)]
                due = [case for case in ready if case.not_before <= moment]
                if due:
                    case = min(due, key=lambda one: (one.step is Step.EXAMINE, one.not_before))
                    self._waiting.remove(case)
                    self._taken.append(case)
                    return case
                next_due = min((case.not_before - moment for case in ready), default=0.5)
                self._changed.wait(max(0.005, min(next_due, 0.5)))

    def put_back(self, case: Case) -> None:
        """Return a case that was taken; it is handed out again unless it is done."""
        with self._changed:
            self._taken.remove(case)
            if case.step is not Step.DONE:
                self._waiting.append(case)
            self._changed.notify_all()

    def give_up(self, case: Case, fault: BaseException) -> None:
        """End the work of every thread; the case is left as it is."""
        with self._changed:
            self._fault = self._fault or fault
            self._taken.remove(case)
            self._waiting.append(case)
            self._changed.notify_all()

    def _is_free(self, case: Case) -> bool:
        """A setting that another's switching may change waits until that one was operated or is through.

        Settings of one form wait for each other: a Save button sends the whole form, as it was when it was loaded.
        """
        if any(_share_a_form(case, other) for other in self._taken):
            return False
        causes = [one for one in self._cases if one.setting.id in case.setting.after]
        if any(one is taken for one in causes for taken in self._taken):
            return False  # it may be being pressed at this moment
        return all(one.step is Step.DONE or one.was_operated for one in causes) and not any(
            one.step is Step.EXAMINE for one in causes
        )

    def _wake(self) -> None:
        # Called in a signal handler, perhaps in a thread that holds the lock: it must not wait for it.
        if self._changed.acquire(blocking=False):
            self._changed.notify_all()
            self._changed.release()


def _share_a_form(case: Case, other: Case) -> bool:
    needs_save = any(version.save for one in (case, other) for version in one.setting.controls)
    return needs_save and bool(_paths(case) & _paths(other))


def _paths(case: Case) -> set[str]:
    known = {trim_path(version.path) for version in case.setting.paths}
    return known | {trim_path(path) for path in (case.row_path, case.page_path) if path}
