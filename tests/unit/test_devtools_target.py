"""What Chromium tells of a tab, in BiDi's words; and how a tab is prepared before it does anything."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from optout.browser.devtools_target import (
    FRAME,
    PAGE,
    NetworkRules,
    Preload,
    Target,
    bidi_cookie,
    devtools_cookie,
    text_of_exception,
)
from optout.browser.devtools_wire import UNWANTED_EVENTS, Wire

GPC = {"Sec-GPC": "1"}
SCRIPTS = (Preload("ours", "optout"), Preload("everyone's", ""))

# As Chromium 156 sends them, shortened.
SENT_ONLY = '{"method":"Network.requestWillBeSentExtraInfo","params":{"requestId":"1","headers":{}},"sessionId":"S"}'


@pytest.fixture
def tab() -> Target:
    return Target("tab", "session", PAGE, "default", None)


def sent(number: str = "1", *, loader: str = "L", kind: str = "Fetch", **parts: Any) -> dict[str, Any]:
    request = {"url": "http://site/x", "method": "POST"}
    return {"requestId": number, "loaderId": loader, "frameId": "tab", "type": kind, "request": request, **parts}


def told(tab: Target, method: str, event: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(tab.translate(method, event))


def navigated(tab: Target, loader: str, **parts: Any) -> None:
    frame = {"id": "tab", "loaderId": loader, "url": f"http://site/{loader}", **parts}
    assert told(tab, "Page.frameNavigated", {"frame": frame}) == []


def test_a_request_and_its_answer_are_told_as_bidi_tells_them(tab: Target) -> None:
    ((began, event),) = told(tab, "Network.requestWillBeSent", sent())
    assert began == "network.beforeRequestSent"
    assert event["context"] == "tab"
    assert event["navigation"] is None
    assert event["request"] == {"request": "1", "url": "http://site/x", "method": "POST", "destination": ""}
    answer = {"status": 429, "mimeType": "text/html", "fromDiskCache": False}
    ((started, event),) = told(tab, "Network.responseReceived", {"requestId": "1", "response": answer})
    assert (started, event["response"]["status"], event["response"]["fromCache"]) == (
        "network.responseStarted",
        429,
        False,
    )
    ((completed, _),) = told(tab, "Network.loadingFinished", {"requestId": "1"})
    assert completed == "network.responseCompleted"
    assert told(tab, "Network.loadingFinished", {"requestId": "1"}) == []


def test_the_document_of_the_tab_is_a_navigation_and_a_frame_s_is_not(tab: Target) -> None:
    document = sent("L", kind="Document")
    assert told(tab, "Network.requestWillBeSent", document)[0][1]["navigation"] == "L"
    framed = {**sent("M", loader="M", kind="Document"), "frameId": "inner"}
    assert told(tab, "Network.requestWillBeSent", framed)[0][1]["navigation"] is None


def test_a_redirect_answers_the_request_and_begins_it_anew(tab: Target) -> None:
    told(tab, "Network.requestWillBeSent", sent("L", kind="Document"))
    on = sent("L", kind="Document", redirectResponse={"status": 302})
    names = [name for name, _ in told(tab, "Network.requestWillBeSent", on)]
    assert names == ["network.responseStarted", "network.responseCompleted", "network.beforeRequestSent"]


def test_what_a_cache_answered_is_said_to_be_cached(tab: Target) -> None:
    told(tab, "Network.requestWillBeSent", sent())
    assert told(tab, "Network.requestServedFromCache", {"requestId": "1"}) == []
    event = told(tab, "Network.responseReceived", {"requestId": "1", "response": {"status": 200}})[0][1]
    assert event["response"]["fromCache"] is True


def test_a_failed_request_has_no_answer(tab: Target) -> None:
    told(tab, "Network.requestWillBeSent", sent())
    ((name, event),) = told(tab, "Network.loadingFailed", {"requestId": "1", "errorText": "net::ERR"})
    assert (name, event["response"]) == ("network.fetchError", None)


@pytest.mark.parametrize(("kind", "destination"), [("Image", "image"), ("Stylesheet", "style"), ("Ping", "")])
def test_requests_that_carry_no_data_are_told_apart(tab: Target, kind: str, destination: str) -> None:
    event = told(tab, "Network.requestWillBeSent", sent(kind=kind))[0][1]
    assert event["request"]["destination"] == destination


def test_a_load_is_waited_for_until_its_document_is_parsed(tab: Target) -> None:
    navigated(tab, "first")
    told(tab, "Page.domContentEventFired", {})
    assert tab.wait_until_parsed("first", time.monotonic())
    assert not tab.wait_until_parsed("second", time.monotonic()), "the document before it is not this one"
    navigated(tab, "second")
    assert not tab.wait_until_parsed("second", time.monotonic()), "it is not parsed yet"
    told(tab, "Page.domContentEventFired", {})
    assert tab.wait_until_parsed("second", time.monotonic())


def test_a_load_that_led_on_by_itself_is_waited_for_to_its_end(tab: Target) -> None:
    navigated(tab, "asked for")
    navigated(tab, "led to")
    assert not tab.wait_until_parsed("asked for", time.monotonic())
    told(tab, "Page.domContentEventFired", {})
    assert tab.wait_until_parsed("asked for", time.monotonic())
    assert tab.url == "http://site/led to"


def test_the_document_of_a_frame_is_not_the_tab_s(tab: Target) -> None:
    navigated(tab, "inner", parentId="tab")
    told(tab, "Page.domContentEventFired", {})
    assert not tab.wait_until_parsed("inner", time.monotonic())


def test_nobody_waits_for_a_tab_that_is_gone(tab: Target) -> None:
    threading.Timer(0.05, tab.end).start()
    began = time.monotonic()
    assert not tab.wait_until_parsed("never", began + 10)
    assert tab.wait_for_world("optout", began + 10) is None
    assert time.monotonic() - began < 5


def created(frame: str, name: str, unique: str, *, is_default: bool = False) -> dict[str, Any]:
    return {"context": {"name": name, "uniqueId": unique, "auxData": {"frameId": frame, "isDefault": is_default}}}


def test_the_worlds_of_a_page_go_with_it(tab: Target) -> None:
    for event in (created("tab", "", "own", is_default=True), created("tab", "optout", "ours")):
        told(tab, "Runtime.executionContextCreated", event)
    told(tab, "Runtime.executionContextCreated", created("inner", "optout", "a frame's"))
    assert (tab.world(""), tab.world("optout")) == ("own", "ours")
    told(tab, "Runtime.executionContextDestroyed", {"executionContextUniqueId": "ours"})
    assert (tab.world(""), tab.world("optout")) == ("own", None)
    told(tab, "Runtime.executionContextsCleared", {})
    assert tab.world("") is None


def test_a_question_in_a_frame_of_another_origin_is_the_tab_s() -> None:
    frame = Target("frame", "session", FRAME, "default", "tab")
    event = {"type": "confirm", "message": "Really?"}
    ((name, asked),) = told(frame, "Page.javascriptDialogOpening", event)
    assert (name, asked["context"], asked["message"]) == ("browsingContext.userPromptOpened", "tab", "Really?")


@pytest.mark.parametrize("kind", ["page", "iframe", "worker", "service_worker"])
def test_whatever_sends_requests_says_that_it_sends_the_signal(kind: str) -> None:
    rules = NetworkRules(GPC, bypasses_cache=True, blocked=("*://tracker/*",))
    commands = dict(Target("x", "s", kind, "default", None).preparation(SCRIPTS, rules))
    assert commands["Network.setExtraHTTPHeaders"] == {"headers": GPC}
    assert commands["Network.setCacheDisabled"] == {"cacheDisabled": True}
    assert commands["Network.setBlockedURLs"] == {"urls": ["*://tracker/*"]}


def test_our_own_world_is_in_tabs_only(tab: Target) -> None:
    def sources(target: Target) -> list[tuple[str, str | None]]:
        return [(one["source"], one.get("worldName")) for _, one in target.preload_commands(SCRIPTS)]

    assert sources(tab) == [("ours", "optout"), ("everyone's", None)]
    assert sources(Target("x", "s", FRAME, "default", "tab")) == [("everyone's", None)]
    assert sources(Target("x", "s", "worker", "default", "tab")) == []


def test_a_cookie_is_the_same_there_and_back() -> None:
    kept = {"name": "n", "domain": "d", "path": "/", "size": 2, "httpOnly": True, "secure": True, "value": "v"}
    cookie = bidi_cookie({**kept, "sameSite": "Lax", "expires": 5.7, "session": False})
    assert (cookie["value"], cookie["sameSite"], cookie["expiry"]) == ({"type": "string", "value": "v"}, "lax", 5)
    again = devtools_cookie(cookie)
    assert again == {key: kept[key] for key in kept if key != "size"} | {"sameSite": "Lax", "expires": 5}
    passing = bidi_cookie({**kept, "expires": -1, "session": True})
    assert "expiry" not in passing
    assert "expires" not in devtools_cookie(passing)


def test_an_exception_says_its_message_first() -> None:
    assert text_of_exception({"text": "Uncaught", "exception": {"description": "ReferenceError: x"}}) == (
        "ReferenceError: x"
    )
    assert text_of_exception({"text": "Uncaught"}) == "Uncaught"


@pytest.mark.parametrize("method", UNWANTED_EVENTS)
def test_what_is_not_even_parsed_would_tell_nothing(tab: Target, method: str) -> None:
    told(tab, "Network.requestWillBeSent", sent())
    assert told(tab, method, {"requestId": "1", "headers": {}, "dataLength": 1}) == []


def test_an_unwanted_event_is_known_by_its_beginning() -> None:
    assert SENT_ONLY.startswith(Wire.UNWANTED)
    assert not SENT_ONLY.replace("ExtraInfo", "").startswith(Wire.UNWANTED)
