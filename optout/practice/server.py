"""A threaded loopback server with keep-alive, and the base of every practice site."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from optout.errors import UsageError
from optout.practice.records import Latency, Operation, PracticeAccount, Request
from optout.practice.store import Store


class _KeepAliveHandler(WSGIRequestHandler):
    """Werkzeug's own handler closes every connection and waits 10 ms for leftovers; browsers reuse connections."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 -- werkzeug's name
        """Say nothing: the site keeps its own record of requests."""

    def run_wsgi(self) -> None:
        """Answer one request and keep the connection."""
        environ = self.make_environ()
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            started[:] = [(status, headers)]
            return self.wfile.write

        body: Iterable[bytes] = self.server.app(environ, start_response)
        try:
            self._send_head(*started[0])
            for part in body:
                self.wfile.write(part)
                self.wfile.flush()
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        finally:
            if hasattr(body, "close"):
                body.close()

    def _send_head(self, status: str, headers: list[tuple[str, str]]) -> None:
        code, _, message = status.partition(" ")
        self.send_response(int(code), message)
        for name, value in headers:
            self.send_header(name, value)
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        if not has_length and int(code) not in (204, 304):
            self.send_header("Connection", "close")
        self.end_headers()


class _Server(ThreadedWSGIServer):
    """Knows its open connections, so that stopping does not wait for idle ones."""

    def __init__(self, port: int, app: Flask) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__("127.0.0.1", port, app, _KeepAliveHandler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the client dropped is no error of the site."""

    def close(self) -> None:
        """Stop listening and drop every open connection."""
        self.shutdown()
        with self._open_lock:
            connections = tuple(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


def free_port_error(port: int) -> UsageError:
    """The error for a port that something else listens on."""
    return UsageError(
        f"Port {port} on 127.0.0.1 is taken by another program. Choose another one, or none: optout practice --port 0"
    )


def is_port_taken(port: int) -> bool:
    """Whether something listens on that loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


class LoopbackSite:
    """A made-up site on 127.0.0.1 that keeps its own truth and a record of everything it was sent."""

    def __init__(self, accounts: tuple[PracticeAccount, ...], latency: Latency, port: int) -> None:
        self.accounts = accounts or (PracticeAccount(),)
        self.latency = latency
        self.store = Store()
        self.stopping = threading.Event()
        self._wanted_port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def build_app(self) -> Flask:
        """The site's Flask application."""
        raise NotImplementedError

    def reset(self) -> None:
        """Forget sessions, operations and requests, and switch every setting on again."""
        raise NotImplementedError

    def start(self) -> Self:
        """Serve in the background until `stop`. Raises `UsageError` if the port is taken."""
        if self._wanted_port and is_port_taken(self._wanted_port):
            raise free_port_error(self._wanted_port)
        self.stopping.clear()
        app = self.build_app()
        app.before_request(self._drain)
        app.after_request(self._record)
        self._server = _Server(self._wanted_port, app)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and drop every connection; a second call does nothing."""
        self.stopping.set()
        if self._server and self._thread:
            self._server.close()
            self._thread.join(timeout=5)
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        port = self._server.port if self._server else self._wanted_port
        return f"http://127.0.0.1:{port}"

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Every write that reached the server since the last reset, in order."""
        return self.store.operations()

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request that was answered since the last reset, in order."""
        return self.store.requests()

    def account(self, username: str) -> PracticeAccount | None:
        """The account of that name, if there is one."""
        return next((account for account in self.accounts if account.username == username), None)

    def password_posts(self, username: str) -> int:
        """How often a password was posted for that account."""
        return self.store.password_posts(username)

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than the site is up."""
        if seconds > 0:
            self.stopping.wait(seconds)

    def client_is_gone(self) -> bool:
        """Whether the browser has dropped the connection of the request in hand."""
        connection = request.environ.get("werkzeug.socket")
        if not isinstance(connection, socket.socket):
            return False
        try:
            readable, _, _ = select.select([connection], [], [], 0)
            return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def current_username(self) -> str | None:
        """Who the request in hand is signed in as."""
        return None

    def _drain(self) -> None:
        request.get_data()

    def _record(self, response: FlaskResponse) -> FlaskResponse:
        path = request.full_path.rstrip("?")
        self.store.add_request(
            Request(
                request.method,
                path,
                {name.lower(): value for name, value in request.headers.items()},
                response.status_code,
                time.monotonic(),
                self.current_username(),
            )
        )
        return response
