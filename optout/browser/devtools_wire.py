"""The socket to Chromium: commands with their answers, and events, of every target over one connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress

from websocket import WebSocketException

from optout.browser.bidi import CommandError, Connection, Message
from optout.errors import OptoutError

UNWANTED_EVENTS = ("Network.dataReceived", "Network.requestWillBeSentExtraInfo", "Network.responseReceivedExtraInfo")


class Wire(Connection):
    """The socket to the browser: commands and events of several sessions, one for each target, over one connection."""

    # A third of all messages. Chromium writes the method first (156); written otherwise, they are parsed and ignored.
    UNWANTED = tuple(f'{{"method":"{name}"' for name in UNWANTED_EVENTS)

    def __init__(
        self, url: str, on_event: Callable[[str | None, str, Message], None], headers: Mapping[str, str]
    ) -> None:
        self._on_event = on_event
        self._on_end: Callable[[], None] = lambda: None
        super().__init__(url, headers=headers)

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call this once no more answers and events will come."""
        self._on_end = callback
        if not self.is_open:
            callback()

    def check(self) -> None:
        """Raise what ended the connection, if it has ended."""
        if self._ended:
            raise self._ended

    def abort(self, error: OptoutError) -> None:
        """End every waiting and later command with this error."""
        super().abort(error)
        self._on_end()

    def say_farewell(self) -> None:
        """Ask the browser to end in order, also where the line was given up (`abort`); no answer is waited for."""
        with suppress(OSError, WebSocketException):
            self._socket.send(json.dumps({"id": next(self._ids), "method": "Browser.close"}))

    def command(self, session: str | None, method: str, params: Message | None = None) -> Future[Message]:
        """Send a command to a session (None: the browser's own) without waiting; safe in an event listener."""
        message: Message = {"method": method, "params": params or {}}
        return self._post(message if session is None else {**message, "sessionId": session})

    def ask(self, session: str | None, method: str, params: Message | None = None, *, seconds: float = 30) -> Message:
        """Send a command and return its result. Raises `CommandError`, `CommandTimeout`, `BrowserGone`."""
        return self.result_of(self.command(session, method, params), method, seconds)

    def result_of(self, command: Future[Message], method: str, seconds: float) -> Message:
        """The result of a command that was sent. Raises as `ask` does."""
        answer = self._await(command, method, seconds)
        if "error" in answer:
            raise CommandError(method, str(answer["error"].get("code")), str(answer["error"].get("message", "")))
        result: Message = answer["result"]
        return result

    def _tell(self, message: Message) -> None:
        self._on_event(message.get("sessionId"), message.get("method", ""), message.get("params", {}))
