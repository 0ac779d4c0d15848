"""Loading pages: at a pace, and never again once the site asked to slow down."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from optout.browser.network import Response
from optout.browser.waiting import Stop
from optout.errors import PageError, SlowedDown, Stopped
from optout.visits import Pacer, Visitor
from tests.views import ORIGIN, directory

SERVICE = directory().service


class Page:
    """A tab that remembers what it was asked to load."""

    def __init__(self, during: Any = None) -> None:
        self.loaded: list[str] = []
        self._during = during

    def load(self, url: str) -> None:
        self.loaded.append(url)
        if self._during:
            self._during()


def visitor() -> Visitor:
    stop = Stop()
    return Visitor(SERVICE, Pacer(0, stop), stop)


def answered(
    visitor: Visitor, status: int, path: str = "/a", *, origin: str = ORIGIN, is_passive: bool = False
) -> None:
    visitor._on_response(Response(origin + path, "GET", status, is_passive, False))


def test_pages_are_loaded_from_the_services_origin_and_counted() -> None:
    one, page = visitor(), Page()
    one.open(page, "/a")  # type: ignore[arg-type]
    one.open(page, "/b")  # type: ignore[arg-type]
    assert (page.loaded, one.page_loads) == ([ORIGIN + "/a", ORIGIN + "/b"], 2)


@pytest.mark.parametrize("status", [429, 999])
def test_after_a_slow_down_of_any_request_nothing_is_loaded(status: int) -> None:
    one, page = visitor(), Page()
    answered(one, status, "/api/settings")
    with pytest.raises(SlowedDown) as refusal:
        one.open(page, "/a")  # type: ignore[arg-type]
    assert str(refusal.value) == (
        f"LinkedIn asked to slow down (HTTP {status} on /api/settings); nothing more was loaded. "
        "Try again tomorrow, with --pace 5"
    )
    assert (page.loaded, one.page_loads) == ([], 0)


def test_a_slow_down_during_a_load_ends_that_load_too() -> None:
    one = visitor()
    page = Page(lambda: answered(one, 429))
    with pytest.raises(SlowedDown):
        one.open(page, "/a")  # type: ignore[arg-type]


def test_a_load_that_fails_because_of_a_slow_down_says_slow_down() -> None:
    one = visitor()

    def fail() -> None:
        answered(one, 999)
        raise PageError("the connection was closed")

    with pytest.raises(SlowedDown):
        one.open(Page(fail), "/a")  # type: ignore[arg-type]


def test_pictures_fonts_and_other_hosts_may_answer_what_they_like() -> None:
    one, page = visitor(), Page()
    answered(one, 429, is_passive=True)
    answered(one, 429, origin="https://elsewhere.example")
    answered(one, 500)
    one.open(page, "/a")  # type: ignore[arg-type]
    assert page.loaded == [ORIGIN + "/a"]


def test_the_pace_holds_between_loads_of_all_threads() -> None:
    pacer = Pacer(0.1, Stop())
    moments: list[float] = []

    def turn() -> None:
        pacer.take_turn()
        moments.append(time.monotonic())

    threads = [threading.Thread(target=turn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moments.sort()
    assert moments[-1] - moments[0] >= 0.29


def test_a_stop_ends_the_waiting_for_a_turn_at_once() -> None:
    stop = Stop()
    pacer = Pacer(60, stop)
    pacer.take_turn()
    threading.Timer(0.05, stop.request).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        pacer.take_turn()
    assert time.monotonic() - began < 10
