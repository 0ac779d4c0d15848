"""Sessions of a real browser: people apart, cookies, windows that pages open, what a page asks natively."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from optout.browser.launch import Launch, open_session
from optout.browser.session import Session
from optout.browser.tab import Tab
from optout.browser.views import PageView, page_view
from optout.browser.waiting import Stop
from optout.errors import PageError
from tests.harness import SharedBrowser, wanted_browser
from tests.machine import wait_for

pytestmark = pytest.mark.browser

HOST = "127.0.0.1"
PAGES = {
    "/": "<title>main</title><p>main</p>",
    "/leave": "<script>addEventListener('beforeunload', event => event.preventDefault())</script><button>x</button>",
    "/asks": "<button onclick=\"document.title = confirm('Really?') ? 'yes' : 'no'\">ask</button>",
    "/alerts": "<button onclick=\"alert('hello'); document.title = 'after'\">tell</button>",
    "/opens": "<button onclick=\"window.open('/popup')\">open</button>",
    "/popup": "<p>popup</p>",
    "/tracked": "<script>document.write(`<script src='http://localhost:${location.search.slice(1)}/gtm.js'><\\/script>"
    "<video src='/film.mp4' autoplay></video>`); fetch('/data.json')</script>",
    "/loop": "",
    "/framed": "<iframe src='/refused'></iframe><script>history.replaceState(null, '', '/other')</script>",
    "/box": "<input type=checkbox checked onclick=\"document.title = 'pressed'\">",
    "/turning-box": "<input type=checkbox checked onclick=\"document.title = 'pressed'\""
    ' onpointermove="this.checked = false">',
}


class Site:
    """Small pages, what was asked for, and with which cookies."""

    def __init__(self) -> None:
        self.origin = ""
        self.requests: list[tuple[str, str]] = []
        self.visits = 0

    def cookie_of_last(self, path: str) -> str:
        return [cookie for asked, cookie in self.requests if asked == path][-1]


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append((self.path, self.headers.get("Cookie") or ""))
            if self.path == "/drop":
                self.close_connection = True
                return
            self.send_response({"/loop": 302, "/refused": 503}.get(self.path, 200))
            if self.path == "/loop":
                self.send_header("Location", "/loop")
            page = PAGES.get(self.path.partition("?")[0], "").encode()
            self.send_header("Content-Type", "text/html")
            self.send_header("Cache-Control", "max-age=3600")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        site.origin = f"http://{HOST}:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield site
        server.shutdown()


@pytest.fixture
def session(shared_browser: SharedBrowser) -> Iterator[Session]:
    session = shared_browser.open_session(Launch(), Stop(), lambda _: None)
    yield session
    session.close()


def in_page(tab: Tab, expression: str) -> Any:
    parameters = {"expression": expression, "awaitPromise": False, "target": {"context": tab.context}}
    return tab._send_to_page("script.evaluate", parameters)["result"].get("value")


def press(tab: Tab) -> None:
    box = "document.querySelector('button').getBoundingClientRect()"
    middle = in_page(tab, f"(() => {{ const b = {box}; return [b.x + b.width / 2, b.y + b.height / 2].join(); }})()")
    x, y = (round(float(one)) for one in middle.split(","))
    tab.point_and_press(x, y)


def cookie(name: str, **parts: Any) -> dict[str, Any]:
    value = {"type": "string", "value": f"value-of-{name}"}
    return {"name": name, "value": value, "domain": HOST, "path": "/", **parts}


def test_a_cookie_that_is_put_in_before_any_page_is_sent_with_the_first(session: Session, site: Site) -> None:
    session.set_cookie(cookie("kept", httpOnly=True, sameSite="lax", expiry=int(time.time()) + 3600))
    session.first_tab.load(site.origin + "/")
    assert site.cookie_of_last("/") == "kept=value-of-kept"


def test_the_status_of_a_page_is_not_that_of_a_frame_in_it(session: Session, site: Site) -> None:
    tab = session.first_tab
    tab.load(site.origin + "/framed")
    assert tab.traffic.wait_quiet(still=0.2, within=10)
    assert "/refused" in [path for path, _ in site.requests]
    assert in_page(tab, "location.pathname") == "/other"
    assert tab.traffic.status_of(site.origin + "/other", 0) == 200


def test_the_cookies_of_a_session_move_to_another_as_they_were(
    session: Session, site: Site, shared_browser: SharedBrowser
) -> None:
    session.set_cookie(cookie("kept", httpOnly=True, sameSite="lax", expiry=int(time.time()) + 3600))
    found = session.cookies_for(HOST)
    other = shared_browser.open_session(Launch(), Stop(), lambda _: None)
    try:
        assert other.cookies_for(HOST) == []
        other.set_cookie(found[0])
        assert other.cookies_for(HOST) == found
        assert other.cookies_for("elsewhere.test") == []
    finally:
        other.close()


def test_people_in_one_browser_share_no_cookie(session: Session, site: Site, shared_browser: SharedBrowser) -> None:
    other = shared_browser.open_session(Launch(), Stop(), lambda _: None)
    try:
        session.set_cookie(cookie("mine"))
        other.first_tab.load(site.origin + "/")
        assert site.cookie_of_last("/") == ""
        other.new_tab().load(site.origin + "/")
        assert site.cookie_of_last("/") == ""
        session.new_tab().load(site.origin + "/")
        assert site.cookie_of_last("/") == "mine=value-of-mine"
    finally:
        other.close()


def test_closing_one_person_s_session_leaves_the_others(
    session: Session, site: Site, shared_browser: SharedBrowser
) -> None:
    shared_browser.open_session(Launch(), Stop(), lambda _: None).close()
    session.first_tab.load(site.origin + "/")
    assert session.is_open


def test_every_load_comes_from_the_server(session: Session, site: Site) -> None:
    for _ in range(3):
        session.first_tab.load(site.origin + "/")
    assert [path for path, _ in site.requests].count("/") == 3


def test_a_leave_page_prompt_holds_nothing_up(session: Session, site: Site) -> None:
    tab = session.first_tab
    tab.load(site.origin + "/leave")
    press(tab)
    began = time.monotonic()
    tab.load(site.origin + "/")
    assert in_page(tab, "document.title") == "main"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("agrees", "title"), [(True, "yes"), (False, "no")])
def test_a_native_question_is_answered_as_the_tab_was_told(
    session: Session, site: Site, agrees: bool, title: str
) -> None:
    tab, asked = session.first_tab, []
    tab.load(site.origin + "/asks")

    def answer(text: str) -> bool:
        asked.append(text)
        return agrees

    tab.agree_to = answer
    press(tab)
    wait_for(lambda: in_page(tab, "document.title") == title, "the page's reaction", 10)
    assert asked == ["Really?"]


def test_a_page_that_was_not_operated_is_refused(session: Session, site: Site) -> None:
    tab = session.first_tab
    tab.load(site.origin + "/asks")
    press(tab)
    wait_for(lambda: in_page(tab, "document.title") == "no", "the page's reaction", 10)


@pytest.mark.parametrize(
    ("path", "objection", "title"),
    [("/box", None, "pressed"), ("/turning-box", "the control's state changed meanwhile", "")],
)
def test_a_press_that_comes_when_the_control_has_changed_does_not_reach_it(
    session: Session, site: Site, path: str, objection: str | None, title: str
) -> None:
    """The pointer's press comes later than the look that it was asked for after."""
    tab = session.first_tab
    tab.load(site.origin + path)
    spec = {"main": ["body"], "signs": [], "versions": [{"css": "input", "region": None}], "all": True, "ages": [1]}
    [control] = page_view(tab.ask("controls", spec)).controls
    with tab.in_front():
        place = tab.ask(
            "reach", {"key": control.key, "origin": site.origin, "path": path, "state": control.state.as_spec()}
        )
        assert place["done"], place["why"]
        tab.point_and_press(place["x"], place["y"])
    assert tab.ask("objection") == objection
    assert in_page(tab, "document.title") == title
    assert in_page(tab, "document.querySelector('input').checked") is False


def test_an_alert_is_put_away(session: Session, site: Site) -> None:
    tab = session.first_tab
    tab.load(site.origin + "/alerts")
    press(tab)
    wait_for(lambda: in_page(tab, "document.title") == "after", "the end of the alert", 10)


def test_a_window_that_a_page_opens_is_closed_and_the_tab_goes_on(session: Session, site: Site) -> None:
    tab = session.first_tab
    tab.load(site.origin + "/opens")
    before = contexts(session)
    press(tab)
    wait_for(lambda: contexts(session) == before, "the end of the window", 10)
    tab.load(site.origin + "/")
    assert in_page(tab, "document.title") == "main"


def contexts(session: Session) -> set[str]:
    tree = session._connection.send("browsingContext.getTree", {"maxDepth": 0})
    return {one["context"] for one in tree["contexts"]}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("{origin}/drop", "the connection was dropped"),
        ("{origin}/loop", "it redirects in a circle"),
        ("http://127.0.0.1:9/", None),
        ("http://no-such-host.invalid/", "its address was not found (no network, or DNS is down)"),
    ],
)
def test_a_page_that_cannot_be_loaded_says_why_in_plain_words(
    session: Session, site: Site, address: str, reason: str | None
) -> None:
    url = address.format(origin=site.origin)
    for _ in range(2):  # the second time, the tab shows the browser's own page about the first
        with pytest.raises(PageError) as caught:
            session.first_tab.load(url)
        if reason:
            assert str(caught.value) == f"{url} could not be loaded: {reason}"


def test_no_page_is_loaded_whose_certificate_nobody_signed(session: Session, untrusted: tuple[str, list[str]]) -> None:
    origin, asked = untrusted
    for _ in range(2):
        with pytest.raises(PageError, match="its certificate is not to be trusted"):
            session.first_tab.load(origin)
    assert asked == []


def test_hidden_tabs_are_pictured_all_the_same_while_the_one_in_front_stands_still(
    session: Session, site: Site
) -> None:
    session.first_tab.load(site.origin + "/")
    tabs = [session.new_tab() for _ in range(3)]
    for _ in range(4):
        for tab in tabs:
            tab.load(site.origin + "/")
        assert all(tab.traffic.wait_quiet(still=0.3, within=5) for tab in (session.first_tab, *tabs))
        assert all(len(tab.picture({"x": 0, "y": 0, "width": 50, "height": 30})) > 100 for tab in tabs)


def test_a_session_is_never_without_a_tab(session: Session, site: Site) -> None:
    session.close_tab(session.first_tab)
    session.first_tab.load(site.origin + "/")


def test_a_look_says_how_long_the_page_s_own_timers_went_on_since_an_earlier_one(session: Session, site: Site) -> None:
    spec = {"main": [], "signs": [], "versions": [], "ages": [30, 60_000]}
    tab = session.first_tab

    def look() -> PageView:
        return page_view(tab.ask("controls", spec))

    tab.load(site.origin + "/")
    first = look()
    wait_for(lambda: look().age_of(first) == 30, "30 ms in the page")
    tab.load(site.origin + "/")
    assert look().age_of(first) == 0


def test_trackers_and_films_are_never_asked_for_and_not_waited_for(site: Site) -> None:
    session = open_session(Launch(kind=wanted_browser()), Stop(), lambda _: None)
    try:
        tracker = {"type": "pattern", "hostname": "localhost"}  # one that could be reached, were it asked
        session._connection.send("network.addIntercept", {"phases": ["beforeRequestSent"], "urlPatterns": [tracker]})
        session.first_tab.load(f"{site.origin}/tracked?{site.origin.rpartition(':')[2]}")
        wait_for(lambda: "/data.json" in [path for path, _ in site.requests], "the page's own data")
        assert session.first_tab.traffic.wait_quiet(still=0.3, within=5)
    finally:
        session.close()
    assert [path for path, _ in site.requests if path in ("/gtm.js", "/film.mp4")] == []


def test_every_browser_leaves_out_the_usual_trackers(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    monkeypatch.setattr("optout.browser.session.url_patterns", lambda: [{"type": "pattern", "hostname": "localhost"}])
    session = open_session(Launch(kind=wanted_browser()), Stop(), lambda _: None)
    try:
        session.first_tab.load(f"{site.origin}/tracked?{site.origin.rpartition(':')[2]}")
        wait_for(lambda: "/data.json" in [path for path, _ in site.requests], "the page's own data")
    finally:
        session.close()
    assert "/gtm.js" not in [path for path, _ in site.requests]
