"""One thing that Chromium runs (a tab, a frame of another origin, a worker): how it is prepared, and what it tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Message = dict[str, Any]
Command = tuple[str, Message]
Event = tuple[str, Message]

STEP_SECONDS = 0.5
PAGE, FRAME = "page", "iframe"
WORKERS = frozenset({"worker", "shared_worker", "service_worker"})
# Chromium's kinds of requests by what BiDi calls their destination; any other may carry data or a save.
DESTINATIONS = MappingProxyType(
    {
        "Image": "image",
        "Font": "font",
        "Media": "video",
        "TextTrack": "track",
        "Stylesheet": "style",
        "Manifest": "manifest",
        "CSPViolationReport": "report",
    }
)
SAME_SITE = MappingProxyType({"strict": "Strict", "lax": "Lax", "none": "None"})


@dataclass(frozen=True, slots=True)
class Preload:
    """A script that runs first in every document; in a world of its own, or (`world` empty) in the page's."""

    source: str
    world: str


@dataclass(frozen=True, slots=True)
class NetworkRules:
    """What every request carries, whether a cache may answer it, and which addresses are not asked at all."""

    headers: Mapping[str, str] = field(default_factory=dict)
    bypasses_cache: bool = False
    blocked: tuple[str, ...] = ()


@dataclass(slots=True)
class _Request:
    """A request under way. `navigation` is the load that it is the document of, if it is one."""

    request: Message
    navigation: str | None
    answer: Message
    is_cached: bool = False


class Target:
    """A target and its state. Fed by the reader's thread, waited on by others. `parent`: the tab that it belongs to."""

    def __init__(self, id_: str, session: str, kind: str, user_context: str, parent: str | None) -> None:
        self.id = id_
        self.session = session
        self.kind = kind
        self.user_context = user_context
        self.root = parent or id_
        self.url = ""
        self._changed = threading.Condition()
        self._is_gone = False
        self._loaders: set[str] = set()
        self._is_parsed = False
        self._worlds: dict[str, str] = {}
        self._requests: dict[str, _Request] = {}

    # --- how it is prepared

    def preparation(self, preloads: Sequence[Preload], rules: NetworkRules) -> Iterator[Command]:
        """The commands that a target gets before it does anything."""
        if self.kind in (PAGE, FRAME):
            yield "Page.enable", {}
        if self.kind == PAGE:
            yield "Runtime.enable", {}
        if self.kind in (PAGE, FRAME, *WORKERS):
            yield "Network.enable", {}
            yield from self.network_commands(rules)
        yield from self.preload_commands(preloads)

    def network_commands(self, rules: NetworkRules) -> Iterator[Command]:
        """What holds for its requests."""
        if self.kind in (PAGE, FRAME, *WORKERS):
            yield "Network.setExtraHTTPHeaders", {"headers": dict(rules.headers)}
            yield "Network.setCacheDisabled", {"cacheDisabled": rules.bypasses_cache}
            yield "Network.setBlockedURLs", {"urls": list(rules.blocked)}

    def preload_commands(self, preloads: Sequence[Preload]) -> Iterator[Command]:
        """The scripts that run first. In frames of another origin only those of the page's own world."""
        for one in preloads:
            if self.kind == PAGE or (self.kind == FRAME and not one.world):
                world = {"worldName": one.world} if one.world else {}
                values = {"source": one.source, "runImmediately": True, **world}
                yield "Page.addScriptToEvaluateOnNewDocument", values

    # --- what is known of it

    def world(self, name: str) -> str | None:
        """The present document's world of that name; empty: the page's own."""
        with self._changed:
            return self._worlds.get(name)

    def wait_for_world(self, name: str, deadline: float) -> str | None:
        """The same, once it is there (monotonic clock)."""
        with self._changed:
            wait_in_steps(self._changed, lambda: name in self._worlds or self._is_gone, deadline)
            return self._worlds.get(name)

    def wait_until_parsed(self, loader: str, deadline: float) -> bool:
        """Wait until that load's document, or a later one, is parsed (monotonic clock); False if it was not."""

        def is_over() -> bool:
            return self._is_gone or (loader in self._loaders and self._is_parsed)

        with self._changed:
            return wait_in_steps(self._changed, is_over, deadline) and not self._is_gone

    def end(self) -> None:
        """The target is gone: nobody waits for it any more."""
        self._is_gone = True
        # Called in a signal handler, perhaps in a thread that holds the lock: it must not wait for it.
        if self._changed.acquire(blocking=False):
            self._changed.notify_all()
            self._changed.release()

    # --- what it tells

    def translate(self, method: str, event: Message) -> Iterator[Event]:
        """The BiDi events that an event of this target amounts to."""
        domain = method.partition(".")[0]
        if domain == "Network" and self.kind == PAGE:
            yield from self._network_event(method, event)
        elif method == "Page.javascriptDialogOpening":
            yield "browsingContext.userPromptOpened", {"context": self.root, **event}
        elif domain in ("Page", "Runtime") and self.kind == PAGE:
            with self._changed:
                self._note(method, event)
                self._changed.notify_all()

    def _note(self, method: str, event: Message) -> None:
        match method:
            case "Page.frameNavigated" if not event["frame"].get("parentId"):
                self._loaders.add(event["frame"]["loaderId"])
                self._is_parsed, self.url = False, event["frame"]["url"]
            case "Page.domContentEventFired":
                self._is_parsed = True
            case "Runtime.executionContextsCleared":
                self._worlds.clear()
            case "Runtime.executionContextCreated":
                made = event["context"]
                about = made.get("auxData") or {}
                if about.get("frameId") == self.id:
                    self._worlds["" if about.get("isDefault") else made["name"]] = made["uniqueId"]
            case "Runtime.executionContextDestroyed":
                gone = event.get("executionContextUniqueId")
                self._worlds = {name: one for name, one in self._worlds.items() if one != gone}

    def _network_event(self, method: str, event: Message) -> Iterator[Event]:
        number = event.get("requestId", "")
        if method == "Network.requestWillBeSent":
            yield from self._sent(number, event)
            return
        known = self._requests.get(number)
        if known is None:
            return
        if method == "Network.requestServedFromCache":
            known.is_cached = True
        elif method == "Network.responseReceived":
            known.answer = self._answer(known, event["response"])
            yield "network.responseStarted", self._told(known)
        elif method == "Network.loadingFinished":
            del self._requests[number]
            yield "network.responseCompleted", self._told(known)
        elif method == "Network.loadingFailed":
            del self._requests[number]
            yield "network.fetchError", {**self._told(known), "response": None, "errorText": event.get("errorText")}

    def _sent(self, number: str, event: Message) -> Iterator[Event]:
        before = self._requests.get(number)
        if before is not None and event.get("redirectResponse"):
            before.answer = self._answer(before, event["redirectResponse"])
            yield "network.responseStarted", self._told(before)
            yield "network.responseCompleted", self._told(before)
        is_document = number == event["loaderId"] and event.get("frameId") == self.id
        request = {
            "request": number,
            "url": event["request"]["url"],
            "method": event["request"]["method"],
            "destination": DESTINATIONS.get(event.get("type", ""), ""),
        }
        self._requests[number] = sent = _Request(request, event["loaderId"] if is_document else None, {})
        yield "network.beforeRequestSent", self._told(sent)

    def _answer(self, request: _Request, response: Message) -> Message:
        cached = request.is_cached or response.get("fromDiskCache") or response.get("fromPrefetchCache")
        return {"status": response["status"], "mimeType": response.get("mimeType", ""), "fromCache": bool(cached)}

    def _told(self, one: _Request) -> Message:
        return {"context": self.root, "navigation": one.navigation, "request": one.request, "response": one.answer}


def wait_in_steps(changed: threading.Condition, condition: Callable[[], bool], deadline: float) -> bool:
    """Wait (monotonic clock) until a condition holds; False if it did not.

    In steps: a signal handler, which may not wait for the lock, can fail to wake who waits.
    """
    while not condition():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        changed.wait(min(left, STEP_SECONDS))
    return True


def text_of_exception(details: Mapping[str, Any]) -> str:
    """What an exception in a page says, its message first."""
    described = (details.get("exception") or {}).get("description")
    return str(described or details.get("text", ""))


def bidi_cookie(cookie: Mapping[str, Any]) -> Message:
    """A cookie of Chromium's as BiDi has it."""
    kept = {key: cookie[key] for key in ("name", "domain", "path", "size", "httpOnly", "secure")}
    kept["value"] = {"type": "string", "value": cookie["value"]}
    if cookie.get("sameSite"):
        kept["sameSite"] = str(cookie["sameSite"]).lower()
    if not cookie.get("session"):
        kept["expiry"] = int(cookie["expires"])
    return kept


def devtools_cookie(cookie: Mapping[str, Any]) -> Message:
    """A cookie of BiDi's as Chromium has it."""
    kept = {key: cookie[key] for key in ("name", "domain", "path", "httpOnly", "secure") if key in cookie}
    kept["value"] = cookie["value"]["value"]
    if cookie.get("sameSite") in SAME_SITE:
        kept["sameSite"] = SAME_SITE[cookie["sameSite"]]
    if cookie.get("expiry") is not None:
        kept["expires"] = cookie["expiry"]
    return kept
