"""The browsers that one command has on a grid: each is used by one account after another, and shared by none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from optout.browser.grid import Grid, with_other_nodes
from optout.browser.launch import Launch, open_browser
from optout.browser.session import Browser, Session
from optout.browser.waiting import Stop
from optout.errors import OptoutError

Open = Callable[[Launch, Stop, Callable[[str], None]], Browser]


class GridBrowsers:
    """Starts a grid's browsers, and keeps one that an account is done with for the next one that waits.

    Nothing is kept on a grid, so nothing is lost with a session that ends with its account; the browser need not end
    too. Each session has cookies and storage of its own (a user context), which are erased when it is closed. `launch`
    names the grid.
    """

    def __init__(self, launch: Launch, start: Open = open_browser) -> None:
        self._launch = launch
        self._start = start
        self._grid = Grid(launch.grid or "", launch.kind)
        self._lock = threading.Lock()
        self._idle: list[Browser] = []
        self._waiting = 0

    def check(self) -> int:
        """How many browsers the grid can run at once. Raises `UsageError` as `Grid.check` does."""
        return self._grid.check()

    def expect(self, accounts: int) -> None:
        """So many accounts will still want a browser; no more than that are kept when they are free."""
        with self._lock:
            self._waiting = accounts
            surplus, self._idle = self._idle[accounts:], self._idle[:accounts]
        _end(surplus)

    def begin_account(self) -> None:
        """One of those begins now."""
        with self._lock:
            self._waiting -= 1

    def open_session(self, stop: Stop, tell: Callable[[str], None]) -> Session:
        """A session for one account, in a browser that is free or a new one.

        Raises `GridRefused`, `UsageError` and `BrowserGone` where the grid gave none.
        """
        while (kept := self._take()) is not None:
            try:
                return kept.isolated_session(stop, self._give_back)
            except OptoutError:  # its node died meanwhile
                kept.close()
                stop.check()
        opened: Session = with_other_nodes(lambda: self._open_in_a_slot(stop, tell), stop, tell)
        return opened

    def close(self) -> None:
        """End the browsers that nobody uses."""
        self.expect(0)

    def _open_in_a_slot(self, stop: Stop, tell: Callable[[str], None]) -> Session:
        with self._grid.slot(stop, tell):
            browser = self._start(self._launch, stop, tell)
        try:
            return browser.isolated_session(stop, self._give_back)
        except BaseException:
            browser.close()
            raise

    def _take(self) -> Browser | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, browser: Browser) -> None:
        with self._lock:
            is_wanted = len(self._idle) < self._waiting
            if is_wanted:
                self._idle.append(browser)
        if not is_wanted:
            browser.close()


def _end(browsers: Iterable[Browser]) -> None:
    for browser in browsers:
        browser.close()
