"""Pages that show Off because their data did not come, has not come yet, or is not all there: none is believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, request
from werkzeug.wrappers import Response as AnyResponse

from optout.catalogue.loading import parse_catalogue
from optout.catalogue.models import Catalogue
from optout.outcomes import Outcome
from optout.practice.records import Latency
from optout.practice.server import LoopbackSite
from tests.harness import SharedBrowser, run_without_signing_in

pytestmark = pytest.mark.browser
ME = "me@practice.test"
SWITCH = "<label>Ads <input type=checkbox role=switch onchange=\"save('{name}', this.checked)\"></label>"
# Each draws its switch off, whatever it is, and asks the server only then.
PAGES = {
    "refused": SWITCH + "<script>ask('refused')</script>",
    "tried-again": SWITCH
    + "<script>ask('tried-again').catch(() => setTimeout(() => ask('tried-again'), 900))</script>",
    "called-out": SWITCH + "<p role=alert>Something went wrong. Reload the page.</p>",
    "greyed": SWITCH + "<script>box.disabled = true; setTimeout(() => {{ box.disabled = false; ask('greyed') }}, 1500)"
    "</script>",
    "boxes": "".join(f"<label><input type=checkbox>Company {at}</label>" for at in (1, 2))
    + "<button>Show 2 more</button>",
}
SCRIPT = """<script>
const save = (name, on) => fetch('/save', {method: 'POST', headers: {'Content-Type': 'application/json'},
  body: JSON.stringify({name, on})});
const ask = async (name) => { const answer = await fetch(`/state/${name}`); if (!answer.ok) throw name;
  box.checked = (await answer.json()).on; };
addEventListener('unhandledrejection', (event) => event.preventDefault());
</script>"""


class WithheldSite(LoopbackSite):
    """One page per way of not telling, without signing in and without an index."""

    def __init__(self) -> None:
        super().__init__((), Latency(save_seconds=0.05), 0)
        self.asked: list[str] = []
        self.reset()

    def reset(self) -> None:
        self.asked.clear()
        self.store.reset({ME: dict.fromkeys(PAGES, "on")})

    def current_username(self) -> str | None:
        return ME

    def build_app(self) -> Flask:
        app = Flask("withheld", static_folder=None)
        app.add_url_rule("/pages/<name>", "page", self._page)
        app.add_url_rule("/state/<name>", "state", self._state)
        app.add_url_rule("/save", "save", self._save, methods=["POST"])
        return app

    def _page(self, name: str) -> Response:
        body, script = PAGES[name].format(name=name).partition("<script>")[::2]
        known = "<script>const box = document.querySelector('input');</script>"
        rest = f"<script>{script}" if script else ""
        html = f'<!doctype html><html lang="en"><title>Ads</title>{SCRIPT}<main><h1>Ads by {name}</h1>{body}</main>'
        return Response(f"{html}{known}{rest}</html>", mimetype="text/html", headers={"Cache-Control": "no-store"})

    def _state(self, name: str) -> AnyResponse:
        self.asked.append(name)
        if name == "refused" or (name == "tried-again" and self.asked.count(name) % 2):
            return Response("{}", status=503)
        return Response(f'{{"on": {str(self.store.values(ME)[name] == "on").lower()}}}', mimetype="application/json")

    def _save(self) -> AnyResponse:
        sent = request.get_json()
        self.store.write(ME, sent["name"], "on" if sent["on"] else "off")
        return Response("{}")


def catalogue() -> Catalogue:
    dated = 'id: "1", seen: 2026-11-23, evidence: local'
    kinds = {name: "kind: checkboxes, " if name == "boxes" else "" for name in PAGES}
    settings = "".join(
        f"      - {{id: {name}, group: all, title: Ads by {name}, paths: [{{{dated}, path: /pages/{name}}}],\n"
        f"         controls: [{{{dated}, {kind}css: 'input[type=\"checkbox\"]'}}]}}\n"
        for name, kind in kinds.items()
    )
    return parse_catalogue(
        'format: 1\ncatalogue: 2026-11-23\nlanguages:\n  en: {"on": ["On"], "off": ["Off"], '
        "more: [show ... more], trouble: [something went wrong]}\nservices:\n  - id: withheld\n    title: Withheld\n"
        f"    origin: http://127.0.0.1:8000\n    main:\n      - {{{dated}, css: main}}\n"
        f"    groups: [{{id: all, title: All}}]\n    settings:\n{settings}"
    )


@pytest.fixture(scope="module")
def withheld() -> Iterator[WithheldSite]:
    with WithheldSite() as site:
        yield site


def test_what_a_page_shows_before_its_data_is_there_is_not_believed(
    withheld: WithheldSite, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    withheld.reset()
    told = run_without_signing_in(withheld, catalogue(), tmp_path, shared_browser)

    outcomes = {name: outcome for name, (outcome, _) in told.items()}
    reasons = {name: reason or "" for name, (_, reason) in told.items()}
    assert outcomes == {
        "refused": Outcome.FAILED,
        "tried-again": Outcome.TURNED_OFF,
        "called-out": Outcome.FAILED,
        "greyed": Outcome.TURNED_OFF,
        "boxes": Outcome.NOT_FOUND,
    }, reasons
    assert "a part of the page could not be loaded (/state/refused: HTTP 503)" in reasons["refused"]
    assert "the page says that it failed: 'Something went wrong. Reload the page.'" in reasons["called-out"]
    assert "there may be more boxes than the page shows: it has a button 'Show 2 more'" in reasons["boxes"]
    truth = withheld.store.values(ME)
    assert {name for name in PAGES if truth[name] == "off"} == {"tried-again", "greyed"}
