"""A tab's traffic, told by the browser's events: what is under way, what was written, when it is quiet."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from optout.browser.network import Response, Traffic

TAB = "tab"
PAGE = "https://service.test/page"


def event(
    number: str,
    method: str = "GET",
    *,
    status: int | None = None,
    destination: str = "",
    url: str = "https://service.test/api",
    **parts: Any,
) -> dict[str, Any]:
    answer = {"status": status, "mimeType": parts.pop("mime", "text/html")} if status is not None else {}
    request = {"request": number, "method": method, "url": url, "destination": destination}
    return {"context": TAB, "request": request, "response": answer, **parts}


def is_quiet(traffic: Traffic, within: float = 0.05) -> bool:
    return traffic.wait_quiet(still=0.0, within=within)


def test_a_request_is_under_way_until_it_is_answered_in_full() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1"))
    assert not is_quiet(traffic)
    traffic.end(event("1", status=200), failed=False)
    assert is_quiet(traffic)


def test_a_write_is_answered_with_the_head_of_its_answer() -> None:
    traffic = Traffic(TAB)
    mark = traffic.mark()
    traffic.begin(event("1", "POST"))
    assert traffic.writes_since(mark) == ()
    traffic.answer_began(event("1", "POST", status=500))
    assert [one.status for one in traffic.writes_since(mark)] == [500]
    assert is_quiet(traffic)


def test_a_failed_write_is_told_without_a_status() -> None:
    traffic = Traffic(TAB)
    mark = traffic.mark()
    traffic.begin(event("1", "POST"))
    traffic.end(event("1", "POST"), failed=True)
    assert [one.status for one in traffic.writes_since(mark)] == [0]


def test_what_a_page_asked_for_and_did_not_get_is_told_until_it_gets_it_or_is_left() -> None:
    traffic, origin = Traffic(TAB), "https://service.test"
    assert traffic.unread(origin) is None
    traffic.answer_began(event("1", status=503))
    missed = "a part of the page could not be loaded (/api: HTTP 503), so what it shows may be wrong"
    assert traffic.unread(origin) == missed
    assert traffic.unread("https://elsewhere.test") is None
    traffic.answer_began(event("2", status=200))
    assert traffic.unread(origin) is None
    traffic.end(event("3", errorText="net::ERR_CONNECTION_RESET"), failed=True)
    assert traffic.unread(origin) == missed.replace("HTTP 503", "no answer")
    traffic.forget()
    assert traffic.unread(origin) is None


@pytest.mark.parametrize(
    "harmless",
    [
        {"status": 404},
        {"status": 500, "destination": "script"},
        {"status": 500, "navigation": "n"},
        {"status": 500, "method": "POST"},
        {"errorText": "net::ERR_ABORTED"},
    ],
    ids=lambda one: "-".join(map(str, one.values())),
)
def test_what_is_no_loss_to_a_page_is_not_told(harmless: dict[str, Any]) -> None:
    traffic = Traffic(TAB)
    traffic.end(event("1", **harmless), failed="errorText" in harmless)
    traffic.answer_began(event("1", **harmless))
    assert traffic.unread("https://service.test") is None


def test_what_the_browser_loads_for_itself_is_not_waited_for() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1", url="chrome://resources/js/cr.js"))
    assert is_quiet(traffic)


def test_writes_before_the_mark_are_not_told() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1", "POST"))
    traffic.answer_began(event("1", "POST", status=200))
    assert traffic.writes_since(traffic.mark()) == ()


def test_a_read_whose_body_never_ends_is_waited_for_a_moment_only() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1"))
    traffic.answer_began(event("1", status=200))
    assert not is_quiet(traffic, within=0.1)
    assert is_quiet(traffic, within=5)


def test_an_endless_stream_is_not_waited_for() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1"))
    traffic.answer_began(event("1", status=200, mime="text/event-stream"))
    assert is_quiet(traffic)


def test_images_fonts_and_data_are_not_waited_for() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1", destination="image"))
    traffic.begin(event("2", destination="font"))
    traffic.begin(event("3", url="data:text/plain,x"))
    mark = traffic.mark()
    assert is_quiet(traffic)
    assert traffic.begun_since(mark) == 0


def test_a_redirected_request_is_under_way_again() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1"))
    traffic.end(event("1", status=302), failed=False)
    traffic.begin(event("1"))
    assert not is_quiet(traffic)


def test_a_long_poll_is_given_up_after_its_time() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1"))
    assert traffic.wait_quiet(still=0.0, within=5, ignore_older=0.05)


def test_quiet_means_still_for_so_long() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1"))
    traffic.end(event("1", status=200), failed=False)
    assert not traffic.wait_quiet(still=60, within=0.05)


def test_leaving_the_page_forgets_what_it_had_under_way() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1"))
    traffic.answer_began(event("2", status=200, navigation="n", url=PAGE))
    assert traffic.status_of(PAGE, 0) == 200
    traffic.forget()
    assert is_quiet(traffic)
    assert traffic.status_of(PAGE, 0) == 0


def test_a_document_that_was_not_answered_is_told_in_the_browser_s_words() -> None:
    traffic = Traffic(TAB)
    assert traffic.wait_document(within=0.01) == "no answer"
    traffic.end(event("1", url=PAGE, navigation="n", errorText="NS_ERROR_CONNECTION_REFUSED"), failed=True)
    assert traffic.wait_document(within=0.01) == "NS_ERROR_CONNECTION_REFUSED"
    traffic.answer_began(event("1", status=302, navigation="n", url=PAGE))
    assert traffic.wait_document(within=0.01) is not None
    traffic.answer_began(event("2", status=200, navigation="m", url=PAGE))
    assert traffic.wait_document(within=0.01) is None


def test_a_late_answer_of_the_page_before_does_not_answer_the_load_after_it() -> None:
    traffic = Traffic(TAB)
    traffic.begin(event("1", navigation="n", url=PAGE))
    traffic.forget()
    traffic.answer_began(event("1", status=200, navigation="n", url=PAGE))
    assert traffic.wait_document(within=0.01) == "no answer"
    traffic.end(event("1", url=PAGE, navigation="n", errorText="NS_BINDING_ABORTED"), failed=True)
    assert traffic.wait_document(within=0.01) == "no answer"
    traffic.begin(event("2", navigation="m", url=PAGE))
    traffic.answer_began(event("2", status=200, navigation="m", url=PAGE))
    assert traffic.wait_document(within=0.01) is None


def test_a_frame_s_document_is_not_the_tab_s() -> None:
    traffic = Traffic(TAB)
    traffic.answer_began(event("1", status=200, navigation="n", url=PAGE))
    traffic.answer_began(event("2", status=503, navigation="m", url="https://service.test/box", context="frame"))
    assert traffic.status_of("https://service.test/rewritten", 0) == 200


def test_the_document_s_own_status_is_kept() -> None:
    traffic = Traffic(TAB)
    traffic.answer_began(event("1", status=429, navigation="n", url=PAGE))
    traffic.answer_began(event("2", status=200))
    assert traffic.status_of(f"{PAGE}#part", 200) == 429


def test_the_page_before_does_not_get_the_status_of_the_one_that_is_coming() -> None:
    """A sign-in page is still there to be read while the answer to what it led to, an error, has come already."""
    traffic = Traffic(TAB)
    traffic.answer_began(event("1", status=200, navigation="n", url=PAGE))
    traffic.answer_began(event("2", status=500, navigation="m", url="https://service.test/settings"))
    assert traffic.status_of(PAGE, 200) == 200
    assert traffic.status_of("https://service.test/settings", 0) == 500


def test_a_page_that_rewrote_its_address_and_tells_no_status_has_that_of_the_last_answer() -> None:
    traffic = Traffic(TAB)
    traffic.answer_began(event("1", status=500, navigation="n", url=PAGE))
    assert traffic.status_of("https://service.test/elsewhere", 0) == 500


def test_a_request_that_begins_wakes_the_one_who_waits_for_it() -> None:
    traffic = Traffic(TAB)
    mark = traffic.mark()
    threading.Timer(0.02, traffic.begin, [event("1", "POST")]).start()
    assert traffic.wait_begun(mark, within=10)
    assert not traffic.wait_begun(traffic.mark(), within=0.01)


def test_every_answer_is_told_to_the_listener_once() -> None:
    told: list[Response] = []
    traffic = Traffic(TAB, told.append)
    traffic.begin(event("1"))
    traffic.answer_began(event("1", status=999))
    traffic.end(event("1", status=999), failed=False)
    assert [one.status for one in told] == [999]
