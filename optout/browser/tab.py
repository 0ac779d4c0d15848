"""One tab: loading pages, asking them, acting on them. It knows no service and decides nothing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from typing import Any

from optout.browser.bidi import Channel, CommandError, CommandTimeout
from optout.browser.network import Traffic
from optout.browser.waiting import Stop
from optout.errors import PageError

SANDBOX = "optout"
LOAD_SECONDS = 15.0
CALL_SECONDS = 10.0
PATIENT_CALL_SECONDS = 25.0  # for a page that did not answer before: a busy machine is slow, and no reason to give up
DOCUMENT_SECONDS = 2.0
UNREACHABLE = (
    "CONNECTION_REFUSED", "NAME_NOT_RESOLVED", "UNKNOWN_HOST", "INTERNET_DISCONNECTED", "ADDRESS_UNREACHABLE", "OFFLINE"
)  # fmt: skip
PICTURE_SECONDS = 2.0
_CALL = "async (name, spec) => JSON.stringify((await optoutPage[name](JSON.parse(spec))) ?? null)"


class PageMoved(PageError):
    """The page changed under a question; asking again may work."""


class Unreachable(PageError):
    """Nobody answers at the page's address: the server or the way there is gone."""


class TabHung(PageError):
    """The page did not answer in time; the tab is of no more use."""


def page_script() -> str:
    """The text of page.js."""
    return resources.files("optout.browser").joinpath("page.js").read_text(encoding="utf-8")


class Tab:
    """A tab of a browser, used by one thread at a time. `unread`: the path of a fresh load that nobody has read yet."""

    def __init__(self, connection: Channel, context: str, traffic: Traffic, stop: Stop, front: threading.Lock) -> None:
        self._connection = connection
        self._front = front
        self._stop = stop
        self.context = context
        self.traffic = traffic
        self.agree_to: Callable[[str], bool] = refuse_every_prompt
        self.is_hung = False
        self.is_stuck = False  # it hangs because its process does, and not for want of an answer from the site
        self.is_past_workers = False
        self._has_more_time = False
        self.unread: str | None = None

    def load(self, url: str, *, seconds: float = LOAD_SECONDS) -> None:
        """Load a page from the server, past every cache, until its document is parsed.

        Raises `PageError` naming the page and what went wrong, `Unreachable` where nobody answers at its address.
        """
        self._stop.check()
        self.traffic.forget()
        self.unread = None
        self.agree_to = refuse_every_prompt
        try:
            self._connection.send(
                "browsingContext.navigate",
                {"context": self.context, "url": url, "wait": "interactive"},
                seconds=seconds,
            )
        except CommandError as error:
            raise _not_loaded(url, error.message) from error
        except CommandTimeout as error:
            self.is_hung = True
            raise TabHung(f"{url} did not finish loading within {seconds:g} s") from error
        # Firefox (153) calls the second of two loads that fail in a row a success, and shows the page of the first.
        if url.startswith("http") and (failure := self.traffic.wait_document(within=DOCUMENT_SECONDS)):
            raise _not_loaded(url, failure)

    def ask(self, function: str, spec: Mapping[str, Any] | None = None) -> Any:
        """Call a function of page.js in the page and return its answer, within 10 s, or 25 while it is given more time.

        Raises `PageMoved` when the page was replaced meanwhile, `TabHung` when it does not answer.
        """
        self._stop.check()
        arguments = [
            {"type": "string", "value": function},
            {"type": "string", "value": json.dumps(spec or {}, default=list)},
        ]
        answer = self._call(_CALL, arguments)
        if answer["type"] == "exception" and "optoutPage is not defined" in _exception_text(answer):
            self._evaluate_library()
            answer = self._call(_CALL, arguments)
        if answer["type"] == "exception":
            raise PageMoved(f"the page could not be read: {_exception_text(answer)}")
        return json.loads(answer["result"]["value"])

    @contextmanager
    def more_time(self, is_given: bool = True) -> Iterator[None]:
        """Wait longer for the page's answers meanwhile, if that is given (or was before)."""
        before = self._has_more_time
        self._has_more_time = before or is_given
        try:
            yield
        finally:
            self._has_more_time = before

    @contextmanager
    def in_front(self) -> Iterator[None]:
        """Keep the tab in front of the others for a while: some pages draw nothing while they are hidden."""
        with self._front:
            self._connection.send("browsingContext.activate", {"context": self.context})
            yield

    def point_and_press(self, x: int, y: int) -> None:
        """Press the pointer at a point of the viewport, as a person would."""
        pointer = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        parameters = {"context": self.context, "actions": [{**pointer, "actions": actions}]}
        try:
            self._connection.send("input.performActions", parameters, seconds=CALL_SECONDS)
        except (CommandError, CommandTimeout) as error:
            raise PageMoved(f"the page could not be pressed: {error}") from error

    def picture(self, box: Mapping[str, float]) -> str:
        """A PNG (base64) of one box of the viewport, in CSS pixels. `PageError` where the tab does not draw."""
        clip = {"type": "box", **{key: box[key] for key in ("x", "y", "width", "height")}}
        parameters = {"context": self.context, "origin": "viewport", "clip": clip}
        try:
            return str(
                self._connection.send("browsingContext.captureScreenshot", parameters, seconds=PICTURE_SECONDS)["data"]
            )
        except (CommandError, CommandTimeout) as error:
            raise PageError(f"no picture could be taken: {error}") from error

    def close(self) -> None:
        """Close the tab; a tab that is gone already is closed enough."""
        self._connection.post("browsingContext.close", {"context": self.context})

    def _call(self, function: str, arguments: list[Any]) -> dict[str, Any]:
        parameters = {
            "functionDeclaration": function,
            "awaitPromise": True,
            "arguments": arguments,
            "target": {"context": self.context, "sandbox": SANDBOX},
        }
        return self._send_to_page("script.callFunction", parameters)

    def _evaluate_library(self) -> None:
        target = {"context": self.context, "sandbox": SANDBOX}
        parameters = {"expression": page_script(), "awaitPromise": False, "target": target}
        self._send_to_page("script.evaluate", parameters)

    def _send_to_page(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        seconds = PATIENT_CALL_SECONDS if self._has_more_time else CALL_SECONDS
        try:
            return self._connection.send(method, parameters, seconds=seconds)
        except CommandError as error:
            raise PageMoved(f"the page was replaced while it was read ({error.code})") from error
        except CommandTimeout as error:
            self.is_hung = self.is_stuck = True
            raise TabHung(f"the page did not answer within {seconds:g} s") from error


def refuse_every_prompt(text: str) -> bool:
    """The answer to a page's native question when nothing was asked of the page."""
    del text
    return False


def _exception_text(answer: Mapping[str, Any]) -> str:
    return str(answer.get("exceptionDetails", {}).get("text", ""))[:200]


def _not_loaded(url: str, message: str) -> PageError:
    """The error for a page that the browser, in these words, could not load."""
    is_lost = any(code in message.upper() for code in UNREACHABLE)
    return (Unreachable if is_lost else PageError)(f"{url} could not be loaded: {_network_reason(message)}")


def _network_reason(message: str) -> str:
    known = {
        "NAME_NOT_RESOLVED": "its address was not found (no network, or DNS is down)",
        "UNKNOWN_HOST": "its address was not found (no network, or DNS is down)",
        "INTERNET_DISCONNECTED": "this machine is offline",
        "CONNECTION_REFUSED": "the server refused the connection",
        "CONNECTION_RESET": "the connection was dropped",
        "EMPTY_RESPONSE": "the connection was dropped",
        "NET_RESET": "the connection was dropped",
        "NET_INTERRUPT": "the connection was dropped",
        "CERT": "its certificate is not to be trusted",
        "SSL": "no secure connection was possible",
        "TOO_MANY_REDIRECTS": "it redirects in a circle",
        "REDIRECT_LOOP": "it redirects in a circle",
        "TIMED_OUT": "the server did not answer in time",
        "NET_TIMEOUT": "the server did not answer in time",
    }
    for code, words in known.items():
        if code in message.upper():
            return words
    code_seen = re.search(r"(net::\w+|NS_\w+)", message)
    return code_seen.group(1) if code_seen else (message.splitlines() or ["no reason given"])[0][:160]
