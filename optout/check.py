"""The quick look: indexes first, own pages only where an index shows no value. Clicks nothing."""

from __future__ import annotations

from optout.cases import Case, conclude
from optout.outcomes import Outcome, State
from optout.runner import AccountRun


class CheckRun(AccountRun):
    """A run that takes an index's word where two witnesses speak for its row, and reads own pages elsewhere."""

    def _index_was_read(self, case: Case) -> None:
        if self._may_trust_row(case):
            self._conclude_by_row(case)

    def _may_trust_row(self, case: Case) -> bool:
        """A row whose label is the setting's own, on the index where it belongs, with a plain value.

        Not where the last look at the setting's own page ended in a doubt: a check is no rosier than the run before it.
        """
        if case.setting.id in self._task.doubted:
            return False
        index = self._survey.latest.get(case.setting.index or "")
        row = index.rows.get(case.setting.id) if index else None
        return bool(row and row.label_known and case.listed and case.listed.state in (State.ON, State.OFF))

    def _conclude_by_row(self, case: Case) -> None:
        case.reading = case.listed
        case.before = case.listed.state if case.listed else None
        conclude(case, Outcome.ALREADY_OFF if case.before is State.OFF else Outcome.WOULD_TURN_OFF)
        if case.result:
            self._means.progress.setting_done(self._task.account, case.result)
