"""Every kind of control, on tiny pages of its own: read, switched off, saved, proved; the one beside it untouched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from optout.catalogue.loading import parse_catalogue
from optout.catalogue.models import Catalogue
from optout.outcomes import Outcome
from optout.practice.records import Latency
from optout.practice.server import LoopbackSite
from tests.harness import SharedBrowser, run_without_signing_in

pytestmark = pytest.mark.browser
ME = "me@practice.test"
SAVE = "(this.checked ? 'on' : 'off')"
SCRIPT = """<script>
const save = (id, value) => fetch('/save', {method: 'POST', headers: {'Content-Type': 'application/json'},
  body: JSON.stringify({id, value})});
const flip = (button, id) => { const on = button.getAttribute('aria-checked') !== 'true';
  button.setAttribute('aria-checked', on); return save(id, on ? 'on' : 'off'); };
</script>"""
# Each page's main part; {checked} is there while the value is on.
PAGES = {
    "switch": f'<label>Ads <input type=checkbox role=switch {{checked}} onchange="save(`switch`, {SAVE})"></label>',
    "checkbox": f'<input id=c type=checkbox {{checked}} onchange="save(`checkbox`, {SAVE})"><label for=c>Ads</label>',
    "button": '<p id=b>Ads</p><button role=switch aria-labelledby=b aria-checked={aria} onclick="flip(this, `button`)">'
    "</button>",
    "radios": "<fieldset><legend>Ads</legend><label><input type=radio name=ads value=yes {checked} "
    'onchange="save(`radios`, this.value)">Mine</label><label><input type=radio name=ads value=no {unchecked} '
    'onchange="save(`radios`, this.value)">Any</label></fieldset>',
    "select": '<label>Ads <select name=ads onchange="save(`select`, this.value)"><option value=all {selected}>All'
    "<option value=none {unselected}>None</select></label>",
    "boxes": "".join(
        f'<label><input type=checkbox {{box{at}}} onchange="save(`boxes/{at}`, {SAVE})">Company {at}</label>'
        for at in (1, 2, 3)
    ),
    "shadow": """<x-outer></x-outer><script>
      const outer = document.querySelector('x-outer').attachShadow({{mode: 'open'}});
      outer.innerHTML = '<x-inner></x-inner>';
      outer.firstChild.attachShadow({{mode: 'open'}}).innerHTML = `<p id=s>Ads</p><button role=switch aria-labelledby=s
        aria-checked={aria} onclick="flip(this, 'shadow')"></button>`;</script>""",
    "frame": "<iframe src=/inside/frame></iframe>",
    "form": "<form method=post action=/form><label><input type=checkbox name=on {checked}>Ads</label>"
    "<button>Save changes</button></form>",
    "dialog": """<p id=d>Ads</p><button role=switch aria-labelledby=d aria-checked={aria} id=ask></button><script>
      ask.onclick = () => {{ const box = document.createElement('div'); box.setAttribute('role', 'dialog');
        box.innerHTML = '<h2>Turn off partner ads?</h2><button>Turn off</button><button>Cancel</button>';
        const [yes, no] = box.querySelectorAll('button');
        yes.onclick = () => {{ box.remove(); flip(ask, 'dialog'); }}; no.onclick = () => box.remove();
        document.body.append(box); }};</script>""",
    "question": f"""<label>Ads <input type=checkbox role=switch {{checked}} onchange="this.checked ||
      confirm('{{question}}') ? save('question', {SAVE}) : this.checked = true"></label>""",
    "inverted": '<label><input type=checkbox {unchecked} onchange="save(`inverted`, this.checked ? `off` : `on`)">'
    "Do not show me partner ads</label>",
}
INSIDE = f'<label>Ads <input type=checkbox role=switch {{checked}} onchange="save(`frame`, {SAVE})"></label>'
VERSIONS = {
    "switch": "css: 'input[role=\"switch\"]'",
    "checkbox": "css: 'input[type=\"checkbox\"]'",
    "button": "css: 'button[role=\"switch\"]'",
    "radios": "kind: radios, css: 'input[name=\"ads\"]', off_value: 'no', on_value: 'yes'",
    "select": "kind: select, css: select, off_value: none, on_value: all",
    "boxes": "kind: checkboxes, css: 'input[type=\"checkbox\"]'",
    "shadow": "css: 'button[role=\"switch\"]'",
    "frame": "css: 'input[role=\"switch\"]'",
    "form": "css: 'input[type=\"checkbox\"]', save: form button",
    "dialog": "css: 'button[role=\"switch\"]'",
    "question": "css: 'input[role=\"switch\"]'",
    "inverted": "css: 'input[type=\"checkbox\"]', inverted: true",
}
OFF = {"radios": "no", "select": "none"}
ON = {"radios": "yes", "select": "all"}


class KindsSite(LoopbackSite):
    """One page per kind of control, without signing in."""

    def __init__(self) -> None:
        super().__init__((), Latency(save_seconds=0.05), 0)
        self.question = "Turn off partner ads?"
        self.saves = self.slow_down_at = 0  # which save is answered by asking to slow down; 0: none
        self.reset()

    def reset(self) -> None:
        controls = [one for kind in PAGES for one in parts_of(kind)]
        self.store.reset({ME: {one: ON.get(one, "on") for one in controls} | {"decoy": "on"}})

    def current_username(self) -> str | None:
        return ME

    def build_app(self) -> Flask:
        app = Flask("kinds", static_folder=None)
        app.add_url_rule("/kinds/<kind>", "page", self._page)
        app.add_url_rule("/inside/<kind>", "inside", lambda kind: _html(SCRIPT + INSIDE.format(**self._state(kind))))
        app.add_url_rule("/save", "save", self._save, methods=["POST"])
        app.add_url_rule("/form", "form", self._form, methods=["POST"])
        return app

    def _state(self, kind: str) -> dict[str, str]:
        values = self.store.values(ME)
        on = values.get(kind) == ON.get(kind, "on")
        boxes = {f"box{at}": "checked" if values[f"boxes/{at}"] == "on" else "" for at in (1, 2, 3)}
        pairs = {"checked": "checked", "selected": "selected"}
        chosen = {name: word if on else "" for name, word in pairs.items()}
        return {**boxes, **chosen, "unchecked": "" if on else "checked", "unselected": "" if on else "selected",
                "aria": str(on).lower(), "question": self.question}  # fmt: skip

    def _page(self, kind: str) -> Response:
        decoy = '<input type=checkbox role=switch aria-label="Partner ads" checked onchange="save(`decoy`, `off`)">'
        body = PAGES[kind].format(**self._state(kind))
        return _html(f"{SCRIPT}<main><h1>Ads by {kind}</h1>{body}</main><aside>{decoy}</aside>")

    def _save(self) -> AnyResponse:
        self.saves += 1
        if self.saves == self.slow_down_at:
            return Response("", status=429)
        self.pause(self.latency.save_seconds)
        sent = request.get_json()
        self.store.write(ME, sent["id"], sent["value"])
        return Response("{}")

    def _form(self) -> AnyResponse:
        self.store.write(ME, "form", "on" if request.form.get("on") else "off")
        return redirect("/kinds/form", 303)


def _html(body: str) -> Response:
    page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Kinds</title>{body}</html>'
    return Response(page, mimetype="text/html", headers={"Cache-Control": "no-store"})


def parts_of(kind: str) -> tuple[str, ...]:
    return ("boxes/1", "boxes/2", "boxes/3") if kind == "boxes" else (kind,)


def catalogue() -> Catalogue:
    dated = 'id: "1", seen: 2026-11-23, evidence: local'
    settings = "".join(
        f"      - {{id: {kind}, group: all, title: Ads by {kind}, paths: [{{{dated}, path: /kinds/{kind}}}],\n"
        f"         controls: [{{{dated}, {version}}}]}}\n"
        for kind, version in VERSIONS.items()
    )
    return parse_catalogue(
        'format: 1\ncatalogue: 2026-11-23\nlanguages:\n  en: {"on": ["On"], "off": ["Off"], turn_off: [Turn off], '
        "about_off: [turn off], negations: [do not]}\nservices:\n  - id: kinds\n    title: Kinds\n"
        f"    origin: http://127.0.0.1:8000\n    main:\n      - {{{dated}, css: main}}\n"
        f"    groups: [{{id: all, title: All}}]\n    settings:\n{settings}"
    )


@pytest.fixture(scope="module")
def kinds() -> Iterator[KindsSite]:
    with KindsSite() as site:
        yield site


def run(kinds: KindsSite, home: Path, shared: SharedBrowser, *only: str) -> dict[str, tuple[Outcome, str | None]]:
    return run_without_signing_in(kinds, catalogue(), home, shared, *only)


def test_every_kind_of_control_is_switched_off_saved_and_proved(
    kinds: KindsSite, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    kinds.reset()
    assert run(kinds, tmp_path, shared_browser) == dict.fromkeys(PAGES, (Outcome.TURNED_OFF, None))
    expected = {part: OFF.get(kind, "off") for kind in PAGES for part in parts_of(kind)}
    assert kinds.store.values(ME) == {**expected, "decoy": "on"}
    assert sorted(one.control_id for one in kinds.operations) == sorted(expected)


def test_what_is_off_already_is_read_as_off_and_not_touched(
    kinds: KindsSite, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    kinds.reset()
    for kind in PAGES:
        kinds.store.put(ME, parts_of(kind), OFF.get(kind, "off"))
    assert run(kinds, tmp_path, shared_browser) == dict.fromkeys(PAGES, (Outcome.ALREADY_OFF, None))
    assert kinds.operations == ()


def test_nothing_is_pressed_after_the_site_asked_to_slow_down(
    kinds: KindsSite, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    kinds.reset()
    kinds.saves, kinds.slow_down_at = 0, 1
    try:
        outcome, reason = run(kinds, tmp_path, shared_browser, "boxes")["boxes"]
    finally:
        kinds.slow_down_at = 0
    assert (kinds.saves, outcome) == (1, Outcome.FAILED)
    assert reason is not None
    assert "asked to slow down (HTTP 429 on /save)" in reason


def test_of_several_boxes_only_those_that_are_on_are_pressed(
    kinds: KindsSite, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    kinds.reset()
    kinds.store.put(ME, ("boxes/2",), "off")
    assert run(kinds, tmp_path, shared_browser, "boxes") == {"boxes": (Outcome.TURNED_OFF, None)}
    assert [(one.control_id, one.after) for one in kinds.operations] == [("boxes/1", "off"), ("boxes/3", "off")]


@pytest.mark.parametrize("question", ["Turned off! Turn it back on?", "Would you like to hear from our partners?"])
def test_a_question_of_the_browser_that_is_something_else_is_declined_and_quoted(
    kinds: KindsSite, tmp_path: Path, shared_browser: SharedBrowser, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    kinds.reset()
    monkeypatch.setattr(kinds, "question", question)
    outcome, reason = run(kinds, tmp_path, shared_browser, "question")["question"]
    assert (outcome, kinds.operations) == (Outcome.NOT_SAVED, ())
    assert reason is not None
    assert reason.startswith(
        f'the page asked a question that is yours to answer ("{question}"), and the change was not kept'
    )
