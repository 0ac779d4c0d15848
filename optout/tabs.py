"""The tabs of one account's run: opened ahead of their use, handed to whoever works, replaced when they hang."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress

from optout.browser.session import Session
from optout.browser.tab import Tab
from optout.errors import OptoutError
from optout.visits import Visitor


class Tabs:
    """Hands out tabs. `paths` are pages to open before anyone asks for them, `blank` how many empty tabs to keep ready.

    A tab takes a tenth of a second to open, which passes unnoticed while the first page is under way.
    """

    def __init__(self, session: Session, visitor: Visitor, *, paths: Sequence[str] = (), blank: int = 0) -> None:
        self._session = session
        self._visitor = visitor
        self._lock = threading.Lock()
        self._spare: list[Tab] = []
        self._stale: frozenset[str] = frozenset()
        self._ahead: dict[str, Future[Tab | None]] = {path: Future() for path in paths}
        for path, future in self._ahead.items():
            threading.Thread(target=self._open, args=(path, future), name=f"ahead {path}", daemon=True).start()
        if blank > 0:
            threading.Thread(target=self._prepare, args=(blank,), name="blank tabs", daemon=True).start()

    def distrust_ahead(self) -> None:
        """Let every page that was opened ahead so far be loaded anew: it was asked for before the sign-in."""
        with self._lock:
            self._stale = frozenset(self._ahead)

    def add(self, tab: Tab) -> None:
        """Hand out this tab as well, first of all for the page that it shows unread."""
        if tab.unread is None:
            self._keep(tab)
            return
        future: Future[Tab | None] = Future()
        future.set_result(tab)
        with self._lock:
            self._ahead[tab.unread] = future

    def suited(self, path: str | None, present: Tab | None) -> Tab:
        """The tab to open this page in: the one where it is already, else the present one, else another."""
        with self._lock:
            future = self._ahead.pop(path, None) if path else None
        tab = future.result() if future else None
        if tab is not None:
            if path in self._stale:
                tab.unread = None
            if present is not None:
                self._keep(present)
            return tab
        if present is not None:
            return present
        with self._lock:
            spare = self._spare.pop() if self._spare else None
        return spare or self._session.new_tab()

    def unless_hung(self, tab: Tab) -> Tab | None:
        """The tab, or None when it hangs: it is closed then, at once, because others may share its process."""
        if tab.is_hung:
            self._session.close_tab(tab)
            return None
        return tab

    def _keep(self, tab: Tab) -> None:
        if self.unless_hung(tab):
            with self._lock:
                self._spare.append(tab)

    def _open(self, path: str, future: Future[Tab | None]) -> None:
        """Open one page ahead. What goes wrong is found out by whoever asks for the page: they open it themselves."""
        tab: Tab | None = None
        try:
            with suppress(OptoutError):
                tab = self._session.new_tab()
                self._visitor.open_ahead(tab, path)
            if tab is not None:
                tab = self.unless_hung(tab)
        finally:
            future.set_result(tab)

    def _prepare(self, count: int) -> None:
        with suppress(OptoutError):
            for _ in range(count):
                self._keep(self._session.new_tab())
