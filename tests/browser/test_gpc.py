"""Global Privacy Control reaches a real server with every request, and every page's scripts from the first on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from optout.browser.launch import Launch, open_session
from optout.browser.session import Session
from optout.browser.tab import Tab
from optout.browser.waiting import Stop
from tests.harness import SharedBrowser, wanted_browser
from tests.machine import wait_for

pytestmark = pytest.mark.browser

TELL = "navigator.sendBeacon('/told', JSON.stringify(['{name}', navigator.globalPrivacyControl]))"
PAGES = {
    "/": f"""<!doctype html><title>main</title><script>{TELL.format(name="main")}</script>
        <link rel="stylesheet" href="/style.css"><script src="/script.js"></script>
        <iframe src="/frame"></iframe><iframe src="http://localhost:PORT/other"></iframe>
        <button onclick="window.open('/popup')">open</button><a href="/moved">go on</a>
        <script>fetch('/data'); fetch('/save', {{method: 'POST', body: '1'}}); const x = new XMLHttpRequest();
          x.open('GET', '/xhr'); x.send();
          navigator.globalPrivacyControl = false; </script><p>main</p>""",
    "/frame": f"<script>{TELL.format(name='frame')}</script>",
    "/other": f"<script>{TELL.format(name='other origin')}</script>",
    "/popup": f"<script>{TELL.format(name='popup')}</script><p>popup</p>",
    "/last": f"<script>{TELL.format(name='after a redirect')}</script>",
}


@dataclass
class Recorder:
    """A server that keeps the headers it was really sent."""

    origin: str = ""
    requests: list[tuple[str, list[str] | None]] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def paths(self) -> set[str]:
        return {path for path, _ in self.requests}


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            recorder.requests.append((self.path, self.headers.get_all("Sec-GPC")))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/told":
                name, value = json.loads(body)
                recorder.told[name] = value
            self.send_response(302 if self.path == "/moved" else 200)
            if self.path == "/moved":
                self.send_header("Location", "/last")
            kind = {"/style.css": "text/css", "/script.js": "text/javascript"}.get(self.path, "text/html")
            page = PAGES.get(self.path, "").replace("PORT", recorder.origin.rsplit(":", 1)[1]).encode()
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_POST = answer  # noqa: N815 -- the library's names

        def log_message(self, *_: object) -> None:
            """Nothing: the recorder has it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        recorder.origin = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield recorder
        server.shutdown()


@pytest.fixture(params=["own", "kept profile", "isolated"])
def session(request: pytest.FixtureRequest, tmp_path: Path, shared_browser: SharedBrowser) -> Iterator[Session]:
    if request.param == "isolated":
        session = shared_browser.open_session(Launch(), Stop(), lambda _: None)
    else:
        profile = tmp_path / "profile" if request.param == "kept profile" else None
        # Popups stay open: what they send is looked at.
        launch = Launch(kind=wanted_browser(), profile=profile, for_person=True)
        session = open_session(launch, Stop(), lambda _: None)
    yield session
    session.close()


def test_every_request_and_every_page_says_it_exactly_once(session: Session, recorder: Recorder) -> None:
    tab = session.first_tab
    tab.load(recorder.origin + "/")
    wanted = {"/", "/style.css", "/script.js", "/frame", "/other", "/data", "/save", "/xhr"}
    wait_for(lambda: wanted <= recorder.paths(), f"the requests; there were {recorder.paths()}", 20)
    wait_for(lambda: {"main", "frame", "other origin"} <= set(recorder.told), "the pages' words", 20)
    tab.load(recorder.origin + "/moved")
    second = session.new_tab()
    second.load(recorder.origin + "/popup")
    wait_for(lambda: {"after a redirect", "popup"} <= set(recorder.told), "the pages' words", 20)

    assert set(recorder.told.items()) == {
        (name, True) for name in ("main", "frame", "other origin", "after a redirect", "popup")
    }
    unsaid = {(path, tuple(sent or ())) for path, sent in recorder.requests if sent != ["1"]}
    assert unsaid == set(), "every request carries Sec-GPC: 1, once"


def test_a_window_that_a_page_opens_says_it_too(recorder: Recorder, tmp_path: Path) -> None:
    session = open_session(Launch(kind=wanted_browser(), for_person=True), Stop(), lambda _: None)
    try:
        session.first_tab.load(recorder.origin + "/")
        press_button(session.first_tab)
        wait_for(lambda: "popup" in recorder.told, "the opened window's word", 20)
    finally:
        session.close()
    assert recorder.told["popup"] is True
    assert {tuple(sent or ()) for path, sent in recorder.requests if path == "/popup"} == {("1",)}


def press_button(tab: Tab) -> None:
    """Press the page's button with the pointer, as a person would: a script's click opens no window."""
    middle = (
        "(() => { const box = document.querySelector('button').getBoundingClientRect();"
        " return `${Math.round(box.x + box.width / 2)},${Math.round(box.y + box.height / 2)}`; })()"
    )
    parameters = {"expression": middle, "awaitPromise": False, "target": {"context": tab.context}}
    x, y = tab._send_to_page("script.evaluate", parameters)["result"]["value"].split(",")
    tab.point_and_press(int(x), int(y))
