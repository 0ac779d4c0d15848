"""A grid's address, what may pass to it, and how much room its status shows."""

from __future__ import annotations

from typing import Any

import pytest

from optout.browser.grid import Address, Room, room_of
from optout.browser.launch import check_grid
from optout.carried import cookie_domains
from optout.errors import UsageError

UNPROTECTED = "refused, because your password would pass through it unprotected; use https"
EXPECTED = "expected an address such as https://grid.example:4444"


def slot(name: str, session: str | None = None) -> dict[str, Any]:
    return {"stereotype": {"browserName": name}, "session": {"sessionId": session} if session else None}


def node(most: int, *slots: dict[str, Any], availability: str = "UP") -> dict[str, Any]:
    return {"maxSessions": most, "availability": availability, "slots": list(slots)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http://grid.example:4444", f"--grid http://grid.example:4444: {UNPROTECTED}"),
        ("http://me:geheim@grid.example", f"--grid http://grid.example: {UNPROTECTED}"),
        ("http://127.0.0.1.example", f"--grid http://127.0.0.1.example: {UNPROTECTED}"),
        ("grid.example:4444", f"--grid grid.example:4444: {EXPECTED}"),
        ("ftp://me:geheim@grid.example", f"--grid ftp://grid.example: {EXPECTED}"),
        ("https://", f"--grid https://: {EXPECTED}"),
        ("me:geheim@grid.example:4444", f"--grid grid.example:4444: {EXPECTED}"),
        ("https://me:geheim@[::1", f"--grid: {EXPECTED}"),
        ("https://me:geheim@grid.example:99999", f"--grid: {EXPECTED}"),
    ],
)
def test_an_address_that_would_not_protect_the_password_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_grid(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["https://grid.example", "http://127.0.0.1:4444/", "http://[::1]:4444/wd/hub"])
def test_https_and_loopback_are_accepted(text: str) -> None:
    assert check_grid(text) == text.rstrip("/")


def test_credentials_are_shown_nowhere_and_sent_as_a_header() -> None:
    address = Address.parse("https://me:p%40ss@grid.example:4444/")
    assert str(address) == "https://grid.example:4444"
    assert address.headers == {"Authorization": "Basic bWU6cEBzcw=="}
    assert Address.parse("https://grid.example").headers == {}


def test_credentials_go_to_the_grid_s_own_host_only() -> None:
    address = Address.parse("https://me:pass@grid.example")
    assert address.socket_headers("wss://grid.example/session/1") == address.headers
    assert address.socket_headers("wss://elsewhere.example/session/1") == {}


@pytest.mark.parametrize(
    ("grid", "socket"),
    [
        ("https://grid.example", "ws://grid.example/session/1"),
        ("https://127.0.0.1", "ws://127.0.0.1/session/1"),
        ("http://127.0.0.1:4444", "ws://10.0.0.7:4444/session/1"),
    ],
)
def test_an_unprotected_socket_is_refused(grid: str, socket: str) -> None:
    with pytest.raises(UsageError, match="unprotected ws:// address: refused"):
        Address.parse(grid).checked_socket(socket)


@pytest.mark.parametrize(
    ("grid", "socket"),
    [
        ("https://grid.example", "wss://grid.example/session/1"),
        ("http://127.0.0.1:4444", "ws://127.0.0.1:4444/session/1"),
        ("http://127.0.0.1:4444", "wss://grid.example/session/1"),
    ],
)
def test_a_socket_as_safe_as_the_grid_is_used(grid: str, socket: str) -> None:
    assert Address.parse(grid).checked_socket(socket) == socket


def test_room_counts_fitting_slots_up_to_each_node_s_most() -> None:
    both = [slot("chrome"), slot("chrome"), slot("firefox"), slot("firefox")]
    assert room_of({"nodes": [node(2, *both), node(3, *both)]}, "chrome") == Room(4, 0, 0, 4)


def test_a_session_of_another_browser_takes_room_as_well() -> None:
    taken = node(2, slot("chrome"), slot("chrome"), slot("firefox", "f1"), slot("firefox"))
    assert room_of({"nodes": [taken]}, "chrome") == Room(2, 1, 0, 1)


def test_a_slot_that_is_being_filled_is_reserved_and_not_free() -> None:
    assert room_of({"nodes": [node(2, slot("chrome", "reserved"), slot("chrome", "c1"))]}, "chrome") == Room(2, 2, 1, 0)


def test_nodes_that_drain_or_are_down_have_no_room() -> None:
    nodes = [node(2, slot("chrome"), availability=state) for state in ("DRAINING", "DOWN")]
    assert room_of({"nodes": nodes}, "chrome") == Room(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("origin", "domains"),
    [
        ("https://www.service.test", ["www.service.test", ".www.service.test", "service.test", ".service.test"]),
        ("https://service.test", ["service.test", ".service.test"]),
        ("http://127.0.0.1:8080", ["127.0.0.1"]),
        ("http://localhost:8080", ["localhost"]),
    ],
)
def test_only_cookies_that_the_origin_would_be_sent_are_carried(origin: str, domains: list[str]) -> None:
    assert list(cookie_domains(origin)) == domains
