"""A WebDriver BiDi connection that several threads share.

Selenium starts the browser and owns the session; its own Python BiDi socket polls for answers, starts a thread for
every event and turns certificate checks off for wss (selenium 4.51, `remote/websocket_connection.py`), so the
messages go through this one: answers wake exactly the thread that waits, events run in the reader's thread, and the
certificate of a grid is checked. Nothing that passes here is ever logged: it may be a password.
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlsplit

import websocket

from optout.errors import BrowserGone, OptoutError

Message = dict[str, Any]


class CommandError(OptoutError):
    """The browser refused a command; `code` is the protocol's error code."""

    def __init__(self, method: str, code: str, message: str) -> None:
        super().__init__(f"the browser refused {method}: {code}: {message.splitlines()[0][:200] if message else ''}")
        self.code = code
        self.message = message


class CommandTimeout(OptoutError):
    """The browser did not answer a command in time."""


class Channel(Protocol):
    """A line to a browser that takes BiDi commands and tells BiDi events."""

    @property
    def is_open(self) -> bool:
        """Whether commands can still be sent."""

    def listen(self, listener: Callable[[str, Message], None]) -> None:
        """Call `listener(method, params)` for every event, in the reader's thread: it must not block."""

    def silence(self, listener: Callable[[str, Message], None]) -> None:
        """Call this listener no more."""

    def send(self, method: str, params: Message, *, seconds: float = 30) -> Message:
        """Send a command and return its result; wait at most `seconds`."""

    def post(self, method: str, params: Message) -> Future[Message]:
        """Send a command without waiting; safe in an event listener."""

    def abort(self, error: OptoutError) -> None:
        """End every waiting and later command with this error."""

    def close(self) -> None:
        """Close the line; the browser ends with it, or is ended by its driver."""


class Connection:
    """Commands with their answers, and events, over one socket.

    Raises `BrowserGone` from every command, waiting or new, once the socket is closed or `abort` was called.
    """

    # How a message begins that nobody wants: it is not parsed.
    UNWANTED: tuple[str, ...] = ()

    def __init__(
        self, url: str, connect_seconds: float = 30, *, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        try:
            # websocket-client checks UTF-8 in Python, byte by byte (a second of CPU in a run); json.loads checks too.
            self._socket = websocket.create_connection(
                url,
                timeout=connect_seconds,
                suppress_origin=True,
                enable_multithread=True,
                header=dict(headers),
                socket=_loopback_socket(url, connect_seconds),
                skip_utf8_validation=True,
            )
        except (OSError, websocket.WebSocketException) as error:
            raise BrowserGone(f"the browser's control connection could not be opened: {error}") from error
        self._socket.settimeout(None)
        self._ids = itertools.count(1)
        # Re-entrant: `abort` may be called by a signal handler in the middle of a command of the same thread.
        self._lock = threading.RLock()
        self._waiting: dict[int, Future[Message]] = {}
        self._listeners: list[Callable[[str, Message], None]] = []
        self._ended: OptoutError | None = None
        self._reader = threading.Thread(target=self._read, name="bidi-reader", daemon=True)
        self._reader.start()

    @property
    def is_open(self) -> bool:
        """Whether commands can still be sent."""
        return self._ended is None

    @property
    def is_heard(self) -> bool:
        """Whether messages still come; they may when no commands can be sent any more."""
        return self._reader.is_alive()

    def listen(self, listener: Callable[[str, Message], None]) -> None:
        """Call `listener(method, params)` for every event, in the reader's thread: it must not block."""
        self._listeners = [*self._listeners, listener]

    def silence(self, listener: Callable[[str, Message], None]) -> None:
        """Call this listener no more."""
        self._listeners = [one for one in self._listeners if one != listener]

    def send(self, method: str, params: Message, *, seconds: float = 30) -> Message:
        """Send a command and return its result; wait at most `seconds`."""
        answer = self._await(self.post(method, params), method, seconds)
        if answer.get("type") == "error":
            raise CommandError(method, str(answer.get("error")), str(answer.get("message", "")))
        result: Message = answer["result"]
        return result

    def post(self, method: str, params: Message) -> Future[Message]:
        """Send a command without waiting; safe in an event listener."""
        return self._post({"method": method, "params": params})

    def _await(self, future: Future[Message], method: str, seconds: float) -> Message:
        try:
            return future.result(seconds)
        except FutureTimeout:
            raise CommandTimeout(f"the browser did not answer {method} within {seconds:g} s") from None

    def _post(self, message: Message) -> Future[Message]:
        number = next(self._ids)
        future: Future[Message] = Future()
        with self._lock:
            if self._ended:
                raise self._ended
            self._waiting[number] = future
        try:
            self._socket.send(json.dumps({"id": number, **message}))
        except (OSError, websocket.WebSocketException) as error:
            self.abort(BrowserGone("the connection to the browser broke"))
            raise BrowserGone("the connection to the browser broke") from error
        return future

    def abort(self, error: OptoutError) -> None:
        """End every waiting and later command with this error."""
        with self._lock:
            self._ended = self._ended or error
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)

    def close(self) -> None:
        """Close the socket."""
        self.abort(BrowserGone("the browser was closed"))
        # Not websocket's own close(): it waits for the reader's lock, for ever where the driver hangs (1.9).
        connected = self._socket.sock
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _read(self) -> None:
        reason = "the browser ended unexpectedly"
        try:
            while text := self._socket.recv():
                if isinstance(text, bytes) or not text.startswith(self.UNWANTED):
                    self._take(json.loads(text))
        except (OSError, websocket.WebSocketException):
            pass
        except Exception as error:  # noqa: BLE001 -- this thread's edge: whoever waits for an answer must be told
            reason = f"the browser sent what could not be understood ({type(error).__name__})"
        self.abort(BrowserGone(reason))
        self._socket.shutdown()  # type: ignore[no-untyped-call]

    def _take(self, message: Message) -> None:
        number = message.get("id")
        if number is None:
            self._tell(message)
            return
        with self._lock:
            future = self._waiting.pop(number, None)
        if future and not future.done():
            future.set_result(message)

    def _tell(self, message: Message) -> None:
        for listener in self._listeners:
            listener(message.get("method", ""), message.get("params", {}))


def _loopback_socket(url: str, seconds: float) -> socket.socket | None:
    """A way to a driver here that no proxy of the environment is asked for; None: websocket finds its own."""
    parts = urlsplit(url)
    if parts.scheme != "ws" or parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return None
    connected = socket.create_connection((parts.hostname, parts.port or 80), seconds)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected
