"""The indexes of one account's run: read afresh whenever they are asked, and what they say of each setting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from optout.browser.recognition import PageKind
from optout.browser.session import Session
from optout.browser.tab import Tab, TabHung
from optout.browser.waiting import Stop
from optout.cases import AccountEnds, Case, SignedOut
from optout.catalogue.models import Index
from optout.controls import Timing
from optout.directory import Directory
from optout.entry import Entry
from optout.errors import PageError
from optout.indexes import IndexPage, IndexReading, failed_index
from optout.outcomes import State
from optout.visits import Visitor

FAULTS = 2


@dataclass(frozen=True, slots=True)
class Dated:
    """A reading of an index and the moment (monotonic clock) at which its load began."""

    reading: IndexReading
    began: float


class Survey:
    """Reads the indexes. `latest` has the last good reading of each."""

    def __init__(
        self,
        directory: Directory,
        visitor: Visitor,
        entry: Entry,
        timing: Timing,
        stop: Stop,
        note: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._visitor = visitor
        self._entry = entry
        self._timing = timing
        self._stop = stop
        self._note = note
        self.latest: dict[str, IndexReading] = {}

    def needed(self, cases: Iterable[Case]) -> list[Index]:
        """The indexes that list these cases' settings, the one with most of them first."""
        wanted = [case.setting.index for case in cases]
        indexes = [one for one in self._directory.service.indexes if one.id in wanted]
        return sorted(indexes, key=lambda one: -wanted.count(one.id))

    def read(self, session: Session, tab: Tab, index_id: str) -> Dated:
        """A reading of one index, fresh from the server; a failed one says what is the matter.

        Raises what ends the account: a challenge, a slow-down.
        """
        began = time.monotonic()
        index = self._directory.service.index(index_id)
        latest = failed_index(index, self._directory.service.origin, PageError("not read"))
        has_hung = False
        for _ in range(FAULTS):
            sign_ins = self._entry.sign_ins
            try:
                page = IndexPage(tab, self._directory, index, self._visitor, self._timing, self._stop)
                with tab.more_time(has_hung):
                    latest, recognized = page.load_and_read()
            except (AccountEnds, SignedOut):
                raise
            except PageError as error:
                latest = failed_index(index, self._directory.service.origin, error)
                has_hung = isinstance(error, TabHung)
                continue
            if recognized.kind is PageKind.SIGNED_OUT:
                self._entry.renew(session, tab, sign_ins)
                continue
            if recognized.kind is PageKind.CHALLENGE:
                raise self._entry.challenge(recognized)
            if recognized.kind is PageKind.SLOWED_DOWN:
                self._visitor.slow_down(recognized.detail)
                self._visitor.check()
            if recognized.kind is PageKind.READY:
                break
        if latest.problem:
            self._note(f"the index '{index.title}' could not be read: {latest.problem}")
        if not latest.problem or index_id not in self.latest:
            self.latest[index_id] = latest
        return Dated(latest, began)

    def tell(self, case: Case) -> None:
        """Let a case know what its index says of it, if that was read."""
        index = self.latest.get(case.setting.index or "")
        if index is None:
            return
        row = index.rows.get(case.setting.id)
        case.index_problem = index.problem
        case.listed = index.reading(case.setting.id) if case.setting.index_value else None
        case.row_path = row.path if row else None


def fails_to_confirm(case: Case, index: IndexReading) -> bool:
    """Whether the fresh index does not say off of a setting whose row showed a value before."""
    if index.problem:
        return True
    row = index.rows.get(case.setting.id)
    if row is None or row.state is None:
        return not index.is_whole
    return row.state is not State.OFF
