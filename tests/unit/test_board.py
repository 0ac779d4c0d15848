"""The board hands out an account's cases: when their time has come, causes before what they switch."""

from __future__ import annotations

import threading
import time

import pytest

from optout.board import Board, Visit, Work
from optout.browser.waiting import Stop
from optout.cases import Case, Step
from optout.catalogue.loading import load_catalogue
from optout.catalogue.models import Setting

CAUSE, EFFECT, OTHER = "ads-off-linkedin", "affiliate-sharing", "ads-age"


@pytest.fixture(scope="module")
def settings() -> dict[str, Setting]:
    return {one.id: one for one in load_catalogue().services[0].settings}


@pytest.fixture
def cases(settings: dict[str, Setting]) -> dict[str, Case]:
    assert CAUSE in settings[EFFECT].after, "the catalogue's cascade is what this is about"
    return {one: Case(settings[one]) for one in (EFFECT, CAUSE, OTHER)}


def finish(board: Board, case: Case) -> None:
    case.step = Step.DONE
    board.put_back(case)


def test_a_setting_waits_until_the_one_that_may_switch_it_is_through(cases: dict[str, Case]) -> None:
    board = Board(tuple(cases.values()), Stop())
    first, second = board.take(), board.take()
    assert (first, second) == (cases[CAUSE], cases[OTHER])
    got: list[Work | None] = []
    taker = threading.Thread(target=lambda: got.append(board.take()))
    taker.start()
    taker.join(0.2)
    assert got == [], "it was handed out while its cause was being pressed"
    finish(board, cases[CAUSE])
    taker.join(10)
    assert got == [cases[EFFECT]]


def test_when_all_is_done_nobody_waits(cases: dict[str, Case]) -> None:
    board = Board([cases[OTHER]], Stop())
    case = board.take()
    assert case is cases[OTHER]
    finish(board, case)
    assert board.take() is None


def test_a_case_is_handed_out_when_its_time_has_come(cases: dict[str, Case]) -> None:
    case = cases[OTHER]
    case.not_before = time.monotonic() + 0.1
    board = Board([case], Stop())
    assert board.take() is case
    assert time.monotonic() >= case.not_before


def test_new_settings_come_before_proofs(cases: dict[str, Case]) -> None:
    cases[OTHER].step = Step.VERIFY
    board = Board([cases[OTHER], cases[CAUSE]], Stop())
    assert [board.take(), board.take()] == [cases[CAUSE], cases[OTHER]]


def test_a_case_whose_page_hung_comes_last_and_alone(settings: dict[str, Setting]) -> None:
    hung, well, later = (Case(settings[one]) for one in ("ads-age", "ads-groups", "ads-gender"))
    hung.has_hung, later.not_before = True, time.monotonic() + 0.1
    board = Board([hung, well, later], Stop())
    assert board.take() is well
    got: list[Work | None] = []
    taker = threading.Thread(target=lambda: got.append(board.take()))
    taker.start()
    taker.join(10)
    assert got == [later], "the one that hung was handed out beside another"
    finish(board, well)
    finish(board, later)
    assert board.take() is hung


def test_nothing_is_done_beside_a_case_whose_page_hung(settings: dict[str, Setting]) -> None:
    hung, well = (Case(settings[one]) for one in ("ads-age", "ads-groups"))
    hung.has_hung, well.not_before = True, time.monotonic() + 600
    board = Board([hung, well], Stop())
    assert board.take() is hung
    well.not_before = 0.0
    got: list[Work | None] = []
    taker = threading.Thread(target=lambda: got.append(board.take()))
    taker.start()
    taker.join(0.3)
    assert got == []
    finish(board, hung)
    taker.join(10)
    assert got == [well]


def test_a_fault_ends_the_work_of_every_thread(cases: dict[str, Case]) -> None:
    board = Board([cases[CAUSE], cases[OTHER]], Stop())
    case = board.take()
    assert isinstance(case, Case)
    fault = RuntimeError("the browser is gone")
    board.give_up(case, fault)
    board_fault = board.fault
    assert board_fault is fault
    assert board.take() is None


def test_a_stop_wakes_a_thread_that_waits_for_a_case(cases: dict[str, Case]) -> None:
    stop = Stop()
    cases[OTHER].not_before = time.monotonic() + 600
    board = Board([cases[OTHER]], stop)
    threading.Timer(0.05, stop.request).start()
    began = time.monotonic()
    assert board.take() is None
    assert time.monotonic() - began < 10


def test_a_setting_waits_for_its_index(cases: dict[str, Case]) -> None:
    index = cases[OTHER].setting.index
    assert index is not None
    board = Board([cases[OTHER]], Stop(), indexes=[index])
    visit = board.take()
    assert visit == Visit(index)
    got: list[Work | None] = []
    taker = threading.Thread(target=lambda: got.append(board.take()))
    taker.start()
    taker.join(0.2)
    assert got == [], "it was handed out before its index was read"
    board.put_back(visit)
    taker.join(10)
    assert got == [cases[OTHER]]


def test_an_index_is_read_again_only_when_every_change_has_settled(cases: dict[str, Case]) -> None:
    done, settling = cases[CAUSE], cases[OTHER]
    done.step = Step.DONE
    settling.step, settling.tries, settling.not_before = Step.VERIFY, 1, time.monotonic() + 0.2
    board = Board([done, settling], Stop(), proofs=["ads"])
    first = board.take()
    assert time.monotonic() >= settling.not_before, "the index was read while a save could still be taken back"
    assert first == Visit("ads", is_proof=True)
    assert board.take() is settling


def test_those_that_others_wait_for_come_first_then_those_whose_page_speaks_alone(settings: dict[str, Setting]) -> None:
    board = Board([Case(settings[one]) for one in ("ads-age", "ads-employer", CAUSE, EFFECT)], Stop())
    taken = [board.take() for _ in range(3)]
    assert [one.setting.id for one in taken if isinstance(one, Case)] == [CAUSE, "ads-employer", "ads-age"]
