"""The one wait, and the wish to end that every wait sees."""

from __future__ import annotations

import threading
import time

import pytest

from optout.browser.waiting import DeadlinePassed, Stop, wait_until
from optout.errors import PageError, Stopped


def test_the_first_value_that_is_neither_none_nor_false_is_given() -> None:
    values = iter([None, False, 0])
    assert wait_until(lambda: next(values), within=5, stop=Stop(), every=0) == 0


def test_a_condition_that_holds_at_once_is_not_waited_for() -> None:
    assert wait_until(lambda: "now", within=0, stop=Stop()) == "now"


def test_a_passed_deadline_names_the_condition_and_what_was_there() -> None:
    def switch_is_off() -> bool:
        return False

    with pytest.raises(DeadlinePassed) as caught:
        wait_until(switch_is_off, within=0.02, stop=Stop(), every=0.005, instead=lambda: "the switch was on")
    assert str(caught.value) == "waited 0.02 s for 'switch is off'; there was: the switch was on"


def test_what_the_condition_raises_passes_through() -> None:
    def page_is_there() -> bool:
        raise PageError("it is gone")

    with pytest.raises(PageError, match="it is gone"):
        wait_until(page_is_there, within=5, stop=Stop())


def test_a_stop_ends_a_long_wait_at_once() -> None:
    stop = Stop()
    timer = threading.Timer(0.05, stop.request)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        wait_until(lambda: None, within=60, stop=stop, every=30)
    assert time.monotonic() - began < 10


def test_a_stop_is_seen_before_the_condition() -> None:
    stop = Stop()
    stop.request()
    with pytest.raises(Stopped, match=r"^stopped before the end: what was not reached is listed as not reached$"):
        wait_until(lambda: "there", within=5, stop=stop)


def test_a_stop_tells_everyone_who_asked_to_be_told() -> None:
    stop, told = Stop(), []
    stop.on_stop(lambda: told.append("first"))
    stop.on_stop(lambda: told.append("second"))
    assert not stop
    stop.request()
    assert stop
    assert told == ["first", "second"]


def test_a_pause_of_a_negative_length_is_none() -> None:
    Stop().pause(-5)
