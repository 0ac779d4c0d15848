"""A Selenium Grid: its address, its slots, and sessions that are asked for no faster than it has room."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from optout.browser.bidi import Channel
from optout.browser.driver import Driven, begin_there
from optout.browser.waiting import Stop
from optout.errors import BrowserGone, OptoutError, UsageError

if TYPE_CHECKING:
    from selenium.webdriver.common.options import ArgOptions

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
STATUS_SECONDS = 10.0
QUIT_SECONDS = 10.0
# The grid itself gives a request up after 300 s; who gives up earlier leaves a session behind that nobody ends.
CREATE_SECONDS = 330
SLOT_SECONDS = 300.0
SLOT_POLL_SECONDS = 0.3
POLL_SECONDS = 1.0
ATTEMPTS = 6
BEAT_SECONDS = 5.0
MOST_SILENT = 2
RESERVED = "reserved"
NAMES = {"chromium": "chrome", "chrome": "chrome", "edge": "MicrosoftEdge", "firefox": "firefox"}


class GridRefused(OptoutError):
    """The grid is there and gave no browser; another node may."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a grid is. `str()` never shows a user name or password that was in it."""

    url: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises `UsageError` unless it is https, or http on loopback: passwords pass through a grid."""
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise UsageError("--grid: expected an address such as https://grid.example:4444") from None
        address = cls(text.rstrip("/"))
        if parts.scheme not in ("http", "https") or not host or port == 0:
            raise UsageError(f"--grid {address}: expected an address such as https://grid.example:4444")
        if parts.scheme != "https" and host not in LOOPBACK:
            raise UsageError(
                f"--grid {address}: refused, because your password would pass through it unprotected; use https"
            )
        return address

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        return shown if parts.netloc else shown.rpartition("@")[2]

    @property
    def headers(self) -> dict[str, str]:
        """What lets us in, where the address holds a user name and password."""
        parts = urlsplit(self.url)
        if parts.username is None:
            return {}
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def checked_socket(self, socket: str) -> str:
        """The BiDi address that the grid gave, if what passes there is as safe as on the way to the grid itself."""
        parts = urlsplit(socket)
        if parts.scheme != "wss" and (urlsplit(self.url).scheme == "https" or parts.hostname not in LOOPBACK):
            raise UsageError(
                f"the grid at {self} answers with an unprotected ws:// address: refused; "
                "put BiDi behind TLS as well (the hub's --external-url)"
            )
        return socket

    def socket_headers(self, socket: str) -> dict[str, str]:
        """The grid's own credentials, for the grid's own host only."""
        return self.headers if urlsplit(socket).hostname == urlsplit(self.url).hostname else {}


@dataclass(frozen=True, slots=True)
class Room:
    """How many browsers of one kind a grid has, and how many more it could start now."""

    slots: int
    taken: int
    reserved: int
    free: int


class Grid:
    """One grid for a whole command: every account asks it for browsers through this object."""

    def __init__(self, address: str, kind: str | None) -> None:
        self.address = Address.parse(address)
        self._name = NAMES[kind or "chrome"]
        self._lock = threading.Lock()
        self._asking = 0

    def room(self) -> Room:
        """What the grid has now. Raises `UsageError` when it does not answer as a Selenium Grid does."""
        return room_of(self._status(), self._name)

    def check(self) -> int:
        """How many browsers of the wanted kind the grid can run at once.

        Raises `UsageError` when there is no grid or it has none of that kind.
        """
        room = self.room()
        if not room.slots:
            raise UsageError(
                f"the grid at {self.address} has no slot for {self._name}; start a node that has one, "
                "or choose another --browser"
            )
        return room.slots

    @contextmanager
    def slot(self, stop: Stop, tell: Callable[[str], None]) -> Iterator[None]:
        """Hold the right to ask for one session: only while the grid has a slot that nobody else was promised.

        Raises `GridRefused` when none comes free in 300 seconds.
        """
        deadline = time.monotonic() + SLOT_SECONDS
        was_told = False
        while not self._reserve():
            if not was_told:
                tell("every slot of the grid is taken; waiting for one")
                was_told = True
            if time.monotonic() >= deadline:
                raise GridRefused(
                    f"the grid at {self.address} had no free slot for {self._name} within {SLOT_SECONDS:g} s; "
                    "run this again when it is less busy"
                )
            stop.pause(SLOT_POLL_SECONDS)
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1

    def _reserve(self) -> bool:
        with self._lock:
            room = self.room()
            # A request of ours shows as reserved only once the grid has taken it up.
            if room.free - max(0, self._asking - room.reserved) <= 0:
                return False
            self._asking += 1
            return True

    def _status(self) -> dict[str, Any]:
        import urllib3  # noqa: PLC0415 -- slow to import, and only a grid needs it

        try:
            with urllib3.PoolManager(timeout=STATUS_SECONDS, retries=False) as pool:
                answer = pool.request("GET", f"{_bare(self.address.url)}/status", headers=self.address.headers)
            if answer.status in (401, 403):
                raise UsageError(
                    f"the grid at {self.address} wants a user name and password: https://NAME:PASSWORD@..."
                )
            value = json.loads(answer.data)["value"]
            return {"nodes": list(value["nodes"])}
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UsageError(f"the grid at {self.address} does not answer ({_cause(error)}); is it running?") from None
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{self.address} answers, but not as a Selenium Grid 4 does; check --grid") from None


def room_of(status: dict[str, Any], name: str) -> Room:
    """The room for browsers of that name in a grid's status."""
    slots = taken = reserved = free = 0
    for node in status["nodes"]:
        if node.get("availability") != "UP":
            continue
        fitting = [one for one in node["slots"] if one["stereotype"].get("browserName") == name]
        held = [one for one in node["slots"] if one["session"]]
        slots += min(node["maxSessions"], len(fitting))
        taken += len(held)
        reserved += sum(one["session"].get("sessionId") == RESERVED for one in held)
        free += max(0, min(node["maxSessions"] - len(held), sum(not one["session"] for one in fitting)))
    return Room(slots, taken, reserved, free)


def start_session(address: Address, options: ArgOptions) -> Driven:
    """A new session of the grid.

    Raises `GridRefused` when the grid gave none (another try may reach another node), `UsageError` when none is there.
    """
    from selenium.common.exceptions import WebDriverException  # noqa: PLC0415 -- slow to import
    from selenium.webdriver.remote.client_config import ClientConfig  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    config = ClientConfig(
        _bare(address.url), timeout=CREATE_SECONDS, extra_headers=address.headers, ignore_certificates=False
    )
    try:
        return begin_there(config, options)
    except WebDriverException as error:
        text = str(error.msg or error).splitlines()[0][:200]
        raise GridRefused(f"the grid at {address} gave no browser: {text}") from None
    except (HTTPError, OSError) as error:
        raise UsageError(f"the grid at {address} does not answer ({_cause(error)}); is it running?") from None


def end_session(address: Address, session_id: str) -> None:
    """End a session of a grid or of a driver here; one that is gone already, or hangs, is ended enough."""
    import urllib3  # noqa: PLC0415

    with (
        suppress(urllib3.exceptions.HTTPError, OSError),
        urllib3.PoolManager(timeout=QUIT_SECONDS, retries=False) as pool,
    ):
        pool.request("DELETE", f"{_bare(address.url)}/session/{session_id}", headers=address.headers)


class Heartbeat:
    """Asks every few seconds whether a session's node is still there, and ends the connection when it is not.

    Needed because a hub keeps the BiDi socket open when a node dies (seen in 4.47): every command would wait its time.
    """

    def __init__(self, address: Address, session_id: str, connection: Channel) -> None:
        self._url = f"{_bare(address.url)}/session/{session_id}/timeouts"
        self._headers = address.headers
        self._connection = connection
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="grid-heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def _watch(self) -> None:
        import urllib3  # noqa: PLC0415

        silent = 0
        with urllib3.PoolManager(timeout=STATUS_SECONDS, retries=False) as pool:
            while self._connection.is_open and not self._stopped.wait(BEAT_SECONDS if not silent else POLL_SECONDS):
                try:
                    silent = 0 if pool.request("GET", self._url, headers=self._headers).status == 200 else silent + 1
                except (urllib3.exceptions.HTTPError, OSError):
                    silent += 1
                if silent >= MOST_SILENT:
                    self._connection.abort(BrowserGone("the grid's node is gone"))
                    return


def with_other_nodes(open_one: Callable[[], Any], stop: Stop, tell: Callable[[str], None]) -> Any:
    """The first session that a grid gives; a node that died lately is still in its list, so one refusal says little."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return open_one()
        except (GridRefused, BrowserGone) as error:
            stop.check()
            if attempt == ATTEMPTS:
                raise
            tell(f"{error}; asking again")
            stop.pause(POLL_SECONDS * attempt)
    raise AssertionError("unreachable")


def _bare(url: str) -> str:
    """The address without user name and password: they go into a header, and into no exception's text."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _cause(error: BaseException) -> str:
    text = str(error)
    for sign, words in (
        ("refused", "connection refused"),
        ("getaddrinfo", "its name was not found"),
        ("resolve", "its name was not found"),
        ("CERTIFICATE", "its certificate is not to be trusted"),
        ("timed out", "no answer in time"),
    ):
        if sign.lower() in text.lower():
            return words
    return type(error).__name__
