"""A single-page app: client routing without hashes, nested open shadow roots, button switches, a confirm dialog."""

from __future__ import annotations

import json
from html import escape
from types import MappingProxyType

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from optout.practice.pages import asset
from optout.practice.services import ServiceSite, html_page

_SETTINGS = (
    ("smart-replies", "Smart replies", "Train smart replies on my messages", "/you/privacy/smart-replies"),
    ("partner-ads", "Partner ads", "Show me ads chosen by partners", "/you/privacy/partner-ads"),
    ("contact-matching", "Contact matching", "Match my contacts with other members", "/you/privacy/contact-matching"),
)


class SpaSite(ServiceSite):
    """The app. Settings: smart-replies, partner-ads (asks before it switches off), contact-matching."""

    cookie_name = "spa_session"
    home = "/you/start"
    on_values = MappingProxyType({**{setting: "on" for setting, *_ in _SETTINGS}, "compact-view": "on"})
    off_values = MappingProxyType({setting: "off" for setting, *_ in _SETTINGS})

    def build_app(self) -> Flask:
        app = Flask("optout.practice.spa", static_folder=None)
        script = asset("spa.js").encode()
        app.add_url_rule("/", "root", lambda: redirect(self.home))
        app.add_url_rule("/enter", "enter", self._enter, methods=["GET", "POST"])
        app.add_url_rule("/you/<path:tail>", "app", self._shell)
        app.add_url_rule("/assets/spa.js", "script", lambda: Response(script, mimetype="text/javascript"))
        app.add_url_rule("/api/you", "you", self._you)
        app.add_url_rule("/api/you/<control>", "change", self._change, methods=["PUT"])
        return app

    def _shell(self, tail: str) -> AnyResponse:  # noqa: ARG002 -- the script reads the path
        self.pause(self.latency.page_seconds)
        if self.current_username() is None:
            return redirect(f"/enter?next={request.path}")
        body = '<app-root></app-root><script type="module" src="/assets/spa.js"></script>'
        return html_page("Practice app", body, asset("spa.css"))

    def _enter(self) -> AnyResponse:
        problem = ""
        if request.method == "POST":
            sent = request.form
            answer = self.admit(sent.get("email", ""), sent.get("secret", ""), sent.get("next", ""))
            if answer:
                return answer
            problem = '<p class="problem" role="alert">This e-mail address and password do not belong together.</p>'
        target = escape(request.values.get("next", ""))
        return html_page(
            "Enter",
            f'<main class="enter"><h1>Practice app</h1>{problem}<form method="post" action="/enter">'
            f'<input type="hidden" name="next" value="{target}">'
            '<label>E-mail <input type="email" name="email" autocomplete="username"></label>'
            '<label>Password <input type="password" name="secret" autocomplete="current-password"></label>'
            '<button type="submit" data-action="enter">Continue</button></form></main>',
            asset("spa.css"),
        )

    def _you(self) -> AnyResponse:
        username = self.current_username()
        if username is None:
            return Response(status=401)
        self.pause(self.latency.data_seconds)
        values = self.store.values(username)
        settings = [
            {"id": setting, "title": title, "label": label, "path": path, "on": values[setting] == "on"}
            for setting, title, label, path in _SETTINGS
        ]
        return _json({"settings": settings, "compact": values["compact-view"] == "on"})

    def _change(self, control: str) -> AnyResponse:
        username, sent = self.current_username(), request.get_json(silent=True)
        if username is None or control not in self.on_values or not isinstance(sent, dict):
            return Response(status=400)
        self.pause(self.latency.save_seconds)
        value = "on" if sent.get("on") else "off"
        self.store.write(username, control, value, keep=not self.client_is_gone())
        return _json({"on": sent.get("on")})


def _json(value: dict[str, object]) -> Response:
    response = Response(json.dumps(value), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
