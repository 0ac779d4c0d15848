"""What becomes of a case without a browser: results, and the order in which cases are handed out."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from optout.board import Board, Work
from optout.browser.waiting import Stop
from optout.cases import Case, Step, conclude
from optout.outcomes import Outcome, Reading, State
from tests.views import AGE_PATH, ORIGIN, setting

READING = Reading(State.OFF, ORIGIN + AGE_PATH, "2026-07", datetime(2026, 11, 23, tzinfo=UTC), ("path", "id"))


def case(setting_id: str = "ads-age") -> Case:
    return Case(setting(setting_id))


def test_a_claim_takes_its_proof_from_the_last_reading() -> None:
    one = case()
    one.before, one.reading = State.ON, READING
    conclude(one, Outcome.TURNED_OFF)
    assert one.result is not None
    assert (one.step, one.result.before, one.result.after, one.result.url, one.result.selector) == (
        Step.DONE,
        State.ON,
        State.OFF,
        ORIGIN + AGE_PATH,
        "2026-07",
    )


def test_a_claim_without_a_reading_cannot_be_concluded() -> None:
    with pytest.raises(ValueError, match="is a claim without its proof"):
        conclude(case(), Outcome.ALREADY_OFF)


def test_a_setting_that_another_takes_along_waits_until_that_one_was_operated_and_put_back() -> None:
    cause, effect = case("ads-off-linkedin"), case("affiliate-sharing")
    board = Board([effect, cause], Stop())
    assert board.take() is cause
    waited: list[Work | None] = []
    thread = threading.Thread(target=lambda: waited.append(board.take()), daemon=True)
    thread.start()
    # The click is under way: its step is already the next one, but nobody knows yet what it takes along.
    cause.tries, cause.step = 1, Step.VERIFY
    thread.join(0.7)
    assert waited == []
    cause.not_before = float("inf")
    board.put_back(cause)
    thread.join(5)
    assert waited == [effect]


def test_settings_that_have_nothing_to_do_with_each_other_are_handed_out_at_once() -> None:
    board = Board([case("ads-age"), case("ads-gender")], Stop())
    assert {one.setting.id for one in (board.take(), board.take()) if isinstance(one, Case)} == {
        "ads-age",
        "ads-gender",
    }


def test_after_a_fault_no_case_is_handed_out() -> None:
    first, second = case("ads-age"), case("ads-gender")
    board = Board([first, second], Stop())
    taken = board.take()
    assert taken is not None
    board.give_up(taken, RuntimeError("the browser is gone"))
    assert (board.take(), str(board.fault)) == (None, "the browser is gone")


def test_a_stop_ends_the_handing_out() -> None:
    stop = Stop()
    board = Board([case()], stop)
    stop.request()
    assert board.take() is None
