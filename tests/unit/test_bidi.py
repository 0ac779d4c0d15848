"""The connection to a browser, against a server that answers as the test says."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from optout.browser.bidi import CommandError, CommandTimeout, Connection
from optout.browser.devtools import DevTools
from optout.errors import BrowserGone, Stopped

Message = dict[str, Any]


class Endpoint:
    """A WebSocket server for one client: enough of RFC 6455 for text frames."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listening.getsockname()[1]}/session"
        self.answer: Callable[[Message], Message | None] = lambda _: {"type": "success", "result": {}}
        self.handshake = ""
        self.received: list[Message] = []
        self._client: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        self._client, _ = self._listening.accept()
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._client.recv(4096)
        self.handshake = head.decode()
        key = next(line for line in self.handshake.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        digest = hashlib.sha1(f"{key.split(': ')[1]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()  # noqa: S324 -- the protocol's
        accept = base64.b64encode(digest).decode()
        self._client.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        while (message := self._receive()) is not None:
            self.received.append(message)
            answer = self.answer(message)
            if answer is not None:
                self.send({"id": message["id"], **answer})

    def _receive(self) -> Message | None:
        assert self._client is not None
        head = self._exactly(2)
        if not head:
            return None
        length = head[1] & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._exactly(2))
        mask, body = self._exactly(4), self._exactly(length)
        text = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))
        return json.loads(text) if text and head[0] & 0x0F == 1 else None

    def _exactly(self, count: int) -> bytes:
        assert self._client is not None
        data = b""
        while len(data) < count:
            try:
                part = self._client.recv(count - len(data))
            except OSError:
                return b""
            if not part:
                return b""
            data += part
        return data

    def send(self, message: Message | bytes) -> None:
        assert self._client is not None
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        self._client.sendall(struct.pack(">BBH", 0x81, 126, len(body)) + body)

    def drop(self) -> None:
        self._listening.close()
        if self._client:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
            self._client.close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.drop()


def test_a_command_gets_its_own_answer_whatever_the_order(endpoint: Endpoint) -> None:
    held: list[Message] = []

    def answer_in_reverse(message: Message) -> None:
        held.append(message)
        if len(held) == 2:
            for one in reversed(held):
                endpoint.send({"id": one["id"], "type": "success", "result": {"was": one["method"]}})

    endpoint.answer = answer_in_reverse
    connection = Connection(endpoint.url)
    first, second = connection.post("first", {}), connection.post("second", {})
    assert second.result(5)["result"] == {"was": "second"}
    assert first.result(5)["result"] == {"was": "first"}


def test_a_refused_command_says_which_and_why(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: {"type": "error", "error": "no such frame", "message": "it is gone\nstack"}
    with pytest.raises(CommandError) as caught:
        Connection(endpoint.url).send("browsingContext.navigate", {"url": "x"})
    assert str(caught.value) == "the browser refused browsingContext.navigate: no such frame: it is gone"
    assert caught.value.code == "no such frame"


def test_a_command_without_an_answer_ends_after_its_time(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: None
    with pytest.raises(CommandTimeout, match=r"^the browser did not answer script\.evaluate within 0\.05 s$"):
        Connection(endpoint.url).send("script.evaluate", {}, seconds=0.05)


def test_a_dropped_connection_ends_every_waiting_and_later_command(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: None
    connection = Connection(endpoint.url)
    waiting = [connection.post("one", {}), connection.post("two", {})]
    endpoint.drop()
    for future in waiting:
        with pytest.raises(BrowserGone, match=r"^the browser ended unexpectedly$"):
            future.result(5)
    assert not connection.is_open
    with pytest.raises(BrowserGone):
        connection.send("three", {})


@pytest.mark.parametrize("garbage", [b"{not json", b"[]", b"\xff\xfe"])
def test_what_cannot_be_understood_ends_the_connection_and_nobody_waits(endpoint: Endpoint, garbage: bytes) -> None:
    endpoint.answer = lambda _: endpoint.send(garbage)
    with pytest.raises(BrowserGone, match="could not be understood"):
        Connection(endpoint.url).send("one", {}, seconds=10)


def test_an_abort_wakes_whoever_waits_with_its_error(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: None
    connection = Connection(endpoint.url)
    threading.Timer(0.05, connection.abort, [Stopped()]).start()
    with pytest.raises(Stopped):
        connection.send("one", {}, seconds=30)


def test_the_first_reason_for_the_end_is_kept(endpoint: Endpoint) -> None:
    connection = Connection(endpoint.url)
    connection.abort(Stopped())
    connection.close()
    with pytest.raises(Stopped):
        connection.send("one", {})


def test_a_browser_that_says_nothing_does_not_hold_up_the_close(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: None
    connection = Connection(endpoint.url)
    connection.post("one", {})
    began = time.monotonic()
    connection.close()
    assert time.monotonic() - began < 5


def test_chromium_is_asked_to_end_and_its_tabs_are_waited_for_even_after_a_stop(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: {"result": {}}
    tab = {"targetId": "T", "type": "page", "url": "about:blank"}
    gone = threading.Event()

    def tab_goes() -> None:
        gone.set()
        endpoint.send({"method": "Target.detachedFromTarget", "params": {"sessionId": "S"}})

    def answer(message: Message) -> Message:
        if message["method"] == "Browser.close":
            threading.Timer(0.2, tab_goes).start()
        return {"result": {}}

    line = DevTools(endpoint.url)
    endpoint.answer = answer
    endpoint.send({"method": "Target.attachedToTarget", "params": {"sessionId": "S", "targetInfo": tab}})
    line.send("browsingContext.getTree", {})
    line.abort(Stopped())

    line.close()

    assert gone.is_set()
    assert [one["method"] for one in endpoint.received].count("Browser.close") == 1


def test_events_are_told_in_order_until_silenced(endpoint: Endpoint) -> None:
    connection = Connection(endpoint.url)
    told: list[tuple[str, Message]] = []

    def listen(method: str, params: Message) -> None:
        told.append((method, params))

    connection.listen(listen)
    connection.send("one", {})
    endpoint.send({"type": "event", "method": "first", "params": {"n": 1}})
    endpoint.send({"type": "event", "method": "second", "params": {}})
    connection.send("two", {})
    connection.silence(listen)
    endpoint.send({"type": "event", "method": "third", "params": {}})
    connection.send("three", {})
    assert told == [("first", {"n": 1}), ("second", {})]


def test_headers_of_a_grid_are_sent_and_no_origin(endpoint: Endpoint) -> None:
    Connection(endpoint.url, headers={"Authorization": "Basic eA=="}).send("one", {})
    assert "Authorization: Basic eA==" in endpoint.handshake
    assert "Origin:" not in endpoint.handshake


def test_a_proxy_of_the_environment_is_not_used_for_loopback(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "elsewhere.test")
    assert Connection(endpoint.url).send("one", {}) == {}


def test_a_browser_that_is_not_there_is_gone() -> None:
    with pytest.raises(BrowserGone, match=r"^the browser's control connection could not be opened: "):
        Connection("ws://127.0.0.1:9/session", connect_seconds=2)
