"""What one tab has under way on the network, kept from the browser's events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag, urlsplit

Event = dict[str, Any]

# Requests of these destinations do not carry a page's data or a save; they are never waited for.
PASSIVE = frozenset({"image", "font", "audio", "video", "track", "style", "manifest", "report"})
BODY_SECONDS = 0.5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Answers that leave a page without what it asked for; where nothing is there (404), nothing may be meant to be.
WITHHELD = frozenset({401, 403, 408})
DATA = frozenset({"", "empty"})
# Why a request got no answer: the page itself gave it up, or this program keeps it from being sent.
HARMLESS = ("ABORT", "BLOCKED")


@dataclass(frozen=True, slots=True)
class Response:
    """One answered request."""

    url: str
    method: str
    status: int
    is_passive: bool
    from_cache: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in a tab's traffic."""

    begun: int
    writes: int


class Traffic:
    """The requests of one tab. Fed by the reader's thread, waited on by the tab's own."""

    def __init__(self, context: str, on_response: Callable[[Response], None] | None = None) -> None:
        """`context`: the tab's own; what is told of another is of a frame in it."""
        self._context = context
        self._changed = threading.Condition()
        self._under_way: dict[str, float] = {}
        self._ends_at: dict[str, float] = {}
        self._last_change = time.monotonic()
        self._begun = 0
        self._writes: list[Response] = []
        self._navigations: set[str] = set()
        self._left: set[str] = set()
        self._document: Response | None = None
        self._failure: str | None = None
        self._unread: dict[str, int] = {}
        self._on_response = on_response

    def begin(self, event: Event) -> None:
        """A request was sent (`network.beforeRequestSent`)."""
        request = event["request"]
        if _is_passive(event):
            return
        with self._changed:
            if event.get("navigation"):
                self._navigations.add(event["navigation"])
            self._begun += 1
            self._under_way[request["request"]] = time.monotonic()
            self._ends_at.pop(request["request"], None)
            self._last_change = time.monotonic()
            self._changed.notify_all()

    def answer_began(self, event: Event) -> None:
        """The head of an answer came (`network.responseStarted`).

        A write is answered with that. Chromium never reports the end of an answer whose body the page does not read
        (seen in 156), so a read counts as under way for a moment more only; an endless stream not at all.
        """
        request, answer = event["request"], event.get("response") or {}
        number = request["request"]
        with self._changed:
            if request.get("method", "GET") not in READING or "event-stream" in str(answer.get("mimeType", "")):
                self._under_way.pop(number, None)
            elif number in self._under_way:
                self._ends_at[number] = time.monotonic() + BODY_SECONDS
            self._answered(event)
        if self._on_response:
            self._on_response(_response(event))

    def end(self, event: Event, *, failed: bool) -> None:
        """A request was answered in full (`network.responseCompleted`) or failed (`network.fetchError`)."""
        with self._changed:
            # A redirect answers the request and goes on under the same id: the next `begin` puts it back.
            self._under_way.pop(event["request"]["request"], None)
            self._ends_at.pop(event["request"]["request"], None)
            if failed:
                self._answered(event)
                if self._is_own_document(event):
                    self._failure = event.get("errorText")
            self._last_change = time.monotonic()
            self._changed.notify_all()

    def _answered(self, event: Event) -> None:
        response = _response(event)
        if response.method not in READING:
            self._writes.append(response)
        elif not event.get("navigation") and event["request"].get("destination", "") in DATA:
            self._note_read(response, str(event.get("errorText") or ""))
        if response.status and self._is_own_document(event):
            self._document = response
        self._last_change = time.monotonic()
        self._changed.notify_all()

    def _note_read(self, response: Response, error: str) -> None:
        """Keep what a page asked for and did not get, until it gets it after all; what it gave up itself is no loss."""
        status = response.status
        is_lost = not status and error and not any(harmless in error.upper() for harmless in HARMLESS)
        if status in WITHHELD or status >= 500 or is_lost:
            self._unread[response.url] = status
        else:
            self._unread.pop(response.url, None)

    def unread(self, origin: str) -> str | None:
        """What the page asked of this origin and did not get, for the person; None where it got everything."""
        with self._changed:
            missed = [(url, status) for url, status in self._unread.items() if url.startswith(f"{origin}/")]
        if not missed:
            return None
        url, status = missed[-1]
        why = f"HTTP {status}" if status else "no answer"
        return f"a part of the page could not be loaded ({urlsplit(url).path}: {why}), so what it shows may be wrong"

    def _is_own_document(self, event: Event) -> bool:
        """Whether it is of the document of this tab, not of a frame's, nor of a page that was left before it came."""
        navigation = event.get("navigation")
        return bool(navigation) and event.get("context") == self._context and navigation not in self._left

    def forget(self) -> None:
        """Start anew: the page is being left, and with it every load that has begun."""
        with self._changed:
            self._under_way.clear()
            self._ends_at.clear()
            self._left |= self._navigations
            self._navigations.clear()
            self._unread.clear()
            self._document = self._failure = None
            self._last_change = time.monotonic()

    def wait_document(self, *, within: float) -> str | None:
        """Wait `within` seconds for a document; why there is none, in the browser's words, if none came."""
        with self._changed:
            if self._changed.wait_for(lambda: self._document and self._document.status not in REDIRECTS, within):
                return None
            return self._failure or "no answer"

    def status_of(self, url: str, told: int) -> int:
        """The HTTP status of the page shown at this address; `told` is what the page says itself (0: nothing).

        Between a document's answer and its display the page before it may still be there to be read, so an answer
        from another address counts only for a page that tells nothing: one that rewrote its address. 0: not known.
        """
        with self._changed:
            document = self._document
        if document and urldefrag(document.url).url == urldefrag(url).url:
            return document.status
        return told or (document.status if document else 0)

    def mark(self) -> Mark:
        """A point to compare with later."""
        with self._changed:
            return Mark(self._begun, len(self._writes))

    def begun_since(self, mark: Mark) -> int:
        """How many requests began after the mark."""
        with self._changed:
            return self._begun - mark.begun

    def writes_since(self, mark: Mark) -> tuple[Response, ...]:
        """The answered requests since the mark that were not mere reading (status 0: no answer came)."""
        with self._changed:
            return tuple(self._writes[mark.writes :])

    def wait_quiet(self, *, still: float, within: float, ignore_older: float = 10.0) -> bool:
        """Wait until nothing has been under way for `still` seconds; False if not within `within` seconds.

        A request that stays open longer than `ignore_older` seconds (a long poll) is no longer waited for.
        """
        deadline = time.monotonic() + within
        with self._changed:
            while True:
                now = time.monotonic()
                pending = [
                    number
                    for number, begun in self._under_way.items()
                    if now - begun < ignore_older and now < self._ends_at.get(number, now + 1)
                ]
                quiet_at = self._last_change + still
                if not pending and now >= quiet_at:
                    return True
                if now >= deadline:
                    return False
                wake = deadline if pending else min(deadline, quiet_at)
                self._changed.wait(max(0.001, min(wake - now, 0.5)))

    def wait_begun(self, mark: Mark, *, within: float) -> bool:
        """Wait until a request began after the mark; False if none did within `within` seconds."""
        deadline = time.monotonic() + within
        with self._changed:
            while self._begun == mark.begun:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True


def _response(event: Event) -> Response:
    request, answer = event["request"], event.get("response") or {}
    return Response(
        url=request.get("url", ""),
        method=request.get("method", "GET"),
        status=int(answer.get("status") or 0),
        is_passive=_is_passive(event),
        from_cache=bool(answer.get("fromCache")),
    )


def _is_passive(event: Event) -> bool:
    request = event["request"]
    # What is not of the web (the browser's own pages among it) may never be told to have ended.
    is_of_the_web = str(request.get("url", "")).startswith(("http:", "https:"))
    return not is_of_the_web or str(request.get("destination") or "") in PASSIVE
