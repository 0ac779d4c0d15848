"""The end of a run: fresh indexes confirm what was switched; what was off before that is looked at again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from optout.browser.session import Session
from optout.browser.tab import Tab
from optout.cases import Case, Desk, Step, conclude, take_again, verify
from optout.errors import PageError
from optout.indexes import IndexReading
from optout.outcomes import Outcome, Reading
from optout.survey import FAULTS, Dated, Survey, fails_to_confirm

# To switch one setting off may switch another on; so may the second try at that one. More is a site that fights back.
LOOKS = 3


@dataclass(frozen=True, slots=True)
class Proof:
    """Proves one account's run, once every change has settled.

    `dated`: indexes that were read for it already. `step` takes a case's next step in a tab; `tell` is told of each
    result that stands now.
    """

    cases: Sequence[Case]
    survey: Survey
    session: Session
    desk: Desk
    dated: dict[str, Dated]
    step: Callable[[Case, Desk, Tab], None]
    tell: Callable[[Case], None]

    def prove(self) -> None:
        """Confirm what was switched. What was off before another setting was switched, and may be on since, is taken
        again: nothing that was off is left on (proof rule 2).
        """
        for look in range(LOOKS):
            self._reconcile()
            outdated = [case for case in self.cases if self._is_outdated(case)]
            for case in outdated:
                if look + 1 < LOOKS:
                    self._look_again(case)
                else:
                    since = self._listed(case) or "it was not read again"
                    why = f"it was off, but other settings were switched after that: {case.reading}; but {since}"
                    conclude(case, Outcome.UNREADABLE, reason=why)
                    self.tell(case)
            if not outdated:
                return

    @property
    def _settled(self) -> float:
        """When the last change has settled (monotonic clock); 0 where nothing was switched."""
        return max((case.not_before for case in self.cases), default=0.0)

    def _is_outdated(self, case: Case) -> bool:
        """Whether it was read as off before the last change, and its index, read since, does not say so too."""
        if not _was_off(case) or case.read_at >= self._settled:
            return False
        dated = self.dated.get(case.setting.index or "")
        is_confirmed = case.listed and dated and dated.began >= self._settled
        return not (is_confirmed and dated and not fails_to_confirm(case, dated.reading))

    def _listed(self, case: Case) -> Reading | None:
        dated = self.dated.get(case.setting.index or "")
        return dated.reading.reading(case.setting.id) if dated else None

    def _look_again(self, case: Case) -> None:
        """Read it anew, and switch it off where it is on now."""
        take_again(case)
        self.survey.tell(case)
        while case.step is not Step.DONE:
            self.desk.rules.stop.pause(case.not_before - time.monotonic())
            self.step(case, self.desk, self.session.first_tab)

    def _reconcile(self) -> None:
        """Compare what the settings' own pages say with fresh indexes; look at both again where they disagree."""
        settled = self._settled
        changed = [case for case in self.cases if case.result and case.result.outcome is Outcome.TURNED_OFF]
        before = [case for case in self.cases if _was_off(case) and case.read_at < settled]
        for index_id in sorted(
            {case.setting.index for case in (*changed, *before) if case.listed and case.setting.index}
        ):
            dated = self.dated.get(index_id)
            if dated is None or dated.began < settled:
                dated = self.dated[index_id] = self.survey.read(self.session, self.session.first_tab, index_id)
            self._confirm([case for case in changed if case.listed and case.setting.index == index_id], dated.reading)
        for case in changed:
            if case.result:
                self.tell(case)

    def _confirm(self, cases: Sequence[Case], fresh: IndexReading) -> None:
        """Settle the cases of one index with a reading of it that began after the last change."""
        if any(fails_to_confirm(case, fresh) for case in cases):
            self.desk.rules.stop.pause(self.desk.rules.timing.settle)
            fresh = self.survey.read(self.session, self.session.first_tab, fresh.index.id).reading
        for case in cases:
            if fails_to_confirm(case, fresh):
                self._settle_disagreement(case, self.session.first_tab, fresh)
            case.is_confirmed = True

    def _settle_disagreement(self, case: Case, tab: Tab, index: IndexReading) -> None:
        """The index says on, the own page said off: read the own page again, then say what is doubted."""
        first = case.result
        listed: Reading | str = index.reading(case.setting.id) or "its index does not list it any more"
        case.result, case.tries = None, FAULTS
        case.step = Step.VERIFY
        with suppress(PageError):
            verify(case, self.desk, tab)
        if case.result is None or case.result.outcome is Outcome.TURNED_OFF:
            assert first is not None  # noqa: S101
            if index.problem:
                why = f"its own page says {case.target}, but its index could not be read again: {index.problem}"
                conclude(case, Outcome.FAILED, reason=why)
                return
            why = f"it was changed, but two readings disagree: {case.reading}; but {listed}"
            conclude(case, Outcome.UNREADABLE, reason=why)


def _was_off(case: Case) -> bool:
    return case.result is not None and case.result.outcome is Outcome.ALREADY_OFF
