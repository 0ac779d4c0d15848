"""Loading a service's pages: at its pace, counted, and never again once it asked to slow down."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

from optout.browser.network import Response
from optout.browser.recognition import PageKind, Recognized, recognize, signs_to_look_for
from optout.browser.session import Session
from optout.browser.tab import PageMoved, Tab, Unreachable
from optout.browser.views import PageView, page_view
from optout.browser.waiting import Stop
from optout.catalogue.models import Service
from optout.errors import OptoutError, PageError, SlowedDown

# So many loads in a row that nobody answered end the account's run.
MOST_LOST = 4


class Pacer:
    """The least time between two page loads of one service, whoever makes them. In seconds."""

    def __init__(self, seconds: float, stop: Stop) -> None:
        self._seconds = seconds
        self._stop = stop
        self._lock = threading.Lock()
        self._next = 0.0

    def take_turn(self) -> None:
        """Return when the next load may begin."""
        if self._seconds <= 0:
            return
        with self._lock:  # held while waiting: the next turn is counted from the moment that this one begins
            self._stop.pause(self._next - time.monotonic())
            self._next = time.monotonic() + self._seconds


class Visitor:
    """Opens pages of one service for one account. Shared by the account's tabs."""

    def __init__(self, service: Service, pacer: Pacer, stop: Stop) -> None:
        self.service = service
        self._pacer = pacer
        self._stop = stop
        self._lock = threading.Lock()
        self._loads = 0
        self._lost = 0
        self._slowed: str | None = None
        self._signs = signs_to_look_for(service)

    @property
    def page_loads(self) -> int:
        """How many pages were loaded."""
        with self._lock:
            return self._loads

    def watch(self, session: Session) -> None:
        """Heed this session's answers: any of them may be the site's 'slow down'."""
        session.on_response(self._on_response)

    def slow_down(self, detail: str) -> None:
        """Load nothing more from now on."""
        with self._lock:
            self._slowed = self._slowed or detail

    def check(self) -> None:
        """Raise `SlowedDown` if the site asked for it."""
        with self._lock:
            if self._slowed:
                raise SlowedDown(f"{self._slowed}; nothing more was loaded. Try again tomorrow, with --pace 5")

    def take_turn(self) -> None:
        """Wait for the service's pace and count a page load; raise `SlowedDown` instead if that was asked for."""
        self.check()
        self._pacer.take_turn()
        self.check()
        with self._lock:
            self._loads += 1

    def open(self, tab: Tab, path: str) -> None:
        """Load a page of the service from the server.

        Raises `PageError` if it cannot be loaded, `SlowedDown` if the site asked to slow down before or meanwhile,
        `OptoutError` when nobody answered at the service's address several times in a row.
        """
        self.take_turn()
        try:
            tab.load(self.service.origin + path)
        except PageError as error:
            self.check()
            if isinstance(error, Unreachable):
                self._was_lost(error)
            raise
        with self._lock:
            self._lost = 0
        self.check()

    def _was_lost(self, error: Unreachable) -> None:
        with self._lock:
            self._lost += 1
            is_gone = self._lost >= MOST_LOST
        if is_gone:
            raise OptoutError(f"{self.service.title} cannot be reached any more ({error}); run this again later")

    def open_ahead(self, tab: Tab, path: str) -> None:
        """Load a page that nobody has asked for yet; `arrive` takes it as it is. Raises as `open` does."""
        self.open(tab, path)
        tab.unread = path

    def arrive(self, tab: Tab, path: str) -> None:
        """See that the tab shows a fresh load of this page that nobody has read yet. Raises as `open` does."""
        is_there, tab.unread = tab.unread == path, None
        if not is_there:
            self.open(tab, path)
        self.check()

    def reopen_without_worker(self, tab: Tab, path: str) -> None:
        """Remove the service workers that stand between page and server, and load the page again."""
        with suppress(PageMoved):
            tab.ask("release")
        self.open(tab, path)

    def glance(self, tab: Tab) -> tuple[PageView, Recognized]:
        """What the tab shows now; raises `SlowedDown` when that is what it says."""
        view = page_view(tab.ask("glance", {"signs": self._signs}))
        recognized = recognize(self.service, view, tab.traffic.status_of(view.url, view.status))
        if recognized.kind is PageKind.SLOWED_DOWN:
            self.slow_down(recognized.detail)
        self.check()
        return view, recognized

    def _on_response(self, response: Response) -> None:
        if response.status not in self.service.slow_down.statuses or response.is_passive:
            return
        parts = urlsplit(response.url)
        if f"{parts.scheme}://{parts.netloc}" == self.service.origin:
            self.slow_down(f"{self.service.title} asked to slow down (HTTP {response.status} on {parts.path})")
