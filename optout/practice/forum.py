"""A classic server-rendered forum: preferences are forms with checkboxes, radio buttons, a select and a Save button."""

from __future__ import annotations

from html import escape
from types import MappingProxyType

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from optout.practice.pages import asset
from optout.practice.services import ServiceSite, html_page

_PREFERENCES = (
    ("sponsor-sharing", "share_with_sponsors", "Share my posts with sponsors"),
    ("assistant-training", "train_assistant", "Let the assistant learn from my posts"),
    ("weekly-digest", "weekly_digest", "Send me a weekly digest"),
)
_RESEARCH_LABEL = "Do not use my posts for research"
_TRACKING = (("full", "Everything I do"), ("basic", "Only what I open"), ("none", "Nothing"))


class ForumSite(ServiceSite):
    """The forum. Settings: sponsor-sharing, assistant-training, ad-style, activity-tracking, research-use
    (an inverted box) and newsletter (a page of its own)."""

    cookie_name = "forum_sid"
    home = "/board/"
    on_values = MappingProxyType(
        {
            "sponsor-sharing": "on",
            "assistant-training": "on",
            "ad-style": "personal",
            "activity-tracking": "full",
            "research-use": "on",
            "newsletter": "on",
            "weekly-digest": "on",
            "timezone": "utc",
        }
    )
    off_values = MappingProxyType(
        {
            "sponsor-sharing": "off",
            "assistant-training": "off",
            "ad-style": "general",
            "activity-tracking": "none",
            "research-use": "off",
            "newsletter": "off",
        }
    )

    def build_app(self) -> Flask:
        app = Flask("optout.practice.forum", static_folder=None)
        app.add_url_rule("/", "root", lambda: redirect(self.home))
        app.add_url_rule(self.home, "board", self._board)
        app.add_url_rule("/member/enter", "enter", self._enter, methods=["GET", "POST"])
        app.add_url_rule("/member/preferences", "preferences", self._preferences, methods=["GET", "POST"])
        app.add_url_rule("/member/newsletter", "newsletter", self._newsletter, methods=["GET", "POST"])
        return app

    def _page(self, title: str, body: str) -> Response:
        links = '<a href="/board/">Board</a><a href="/member/preferences">Preferences</a>'
        member = '<a class="member-menu" href="/member/newsletter">Newsletter</a>' if self.current_username() else ""
        return html_page(
            title, f'<div id="masthead"><b>Practice forum</b>{links}{member}</div>{body}', asset("forum.css")
        )

    def _signed_out(self) -> AnyResponse | None:
        self.pause(self.latency.page_seconds)
        return None if self.current_username() else redirect(f"/member/enter?return_to={request.path}")

    def _board(self) -> AnyResponse:
        return self._signed_out() or self._page("Board", '<div id="content"><h2>Board</h2><p>No new posts.</p></div>')

    def _enter(self) -> AnyResponse:
        error = ""
        if request.method == "POST":
            sent = request.form
            answer = self.admit(sent.get("member_name", ""), sent.get("member_pass", ""), sent.get("return_to", ""))
            if answer:
                return answer
            error = '<p class="errorbox">Wrong name or password.</p>'
        target = escape(request.values.get("return_to", ""))
        return self._page(
            "Enter",
            f'<div id="content"><h2>Enter the forum</h2>{error}<form method="post" action="/member/enter">'
            f'<input type="hidden" name="return_to" value="{target}">'
            '<div class="line">Name <input type="text" name="member_name"></div>'
            '<div class="line">Password <input type="password" name="member_pass"></div>'
            '<input type="submit" name="enter" value="Enter"></form></div>',
        )

    def _preferences(self) -> AnyResponse:
        refusal = self._signed_out()
        if refusal:
            return refusal
        username = self.current_username() or ""
        if request.method == "POST":
            wanted = {control: _box(name) for control, name, _ in _PREFERENCES}
            wanted["research-use"] = "off" if _box("no_research") == "on" else "on"
            wanted["ad-style"] = _one_of("ad_style", ("personal", "general"))
            wanted["activity-tracking"] = _one_of("tracking", tuple(value for value, _ in _TRACKING))
            wanted["timezone"] = _one_of("timezone", ("utc", "cet"))
            self._keep(username, wanted)
            return redirect("/member/preferences?saved=1", 303)
        return self._page("Preferences", _preferences_form(self.store.values(username)))

    def _newsletter(self) -> AnyResponse:
        refusal = self._signed_out()
        if refusal:
            return refusal
        username = self.current_username() or ""
        if request.method == "POST":
            self._keep(username, {"newsletter": _box("newsletter")})
            return redirect("/member/newsletter?saved=1", 303)
        box = _checkbox(
            "newsletter", "Send me the newsletter of our sponsors", self.store.value(username, "newsletter")
        )
        return self._page(
            "Newsletter",
            f'<div id="content"><h2>Newsletter</h2>{_notice()}<form method="post"><fieldset>{box}</fieldset>'
            '<input type="submit" name="save" value="Save newsletter"></form></div>',
        )

    def _keep(self, username: str, wanted: dict[str, str]) -> None:
        self.pause(self.latency.save_seconds)
        for control, value in wanted.items():
            if value != self.store.value(username, control):
                self.store.write(username, control, value)


def _box(name: str) -> str:
    return "on" if request.form.get(name) else "off"


def _one_of(name: str, values: tuple[str, ...]) -> str:
    sent = request.form.get(name, "")
    return sent if sent in values else values[0]


def _notice() -> str:
    return '<p class="notice">Your preferences have been saved.</p>' if request.args.get("saved") else ""


def _checkbox(name: str, label: str, value: str) -> str:
    checked = " checked" if value == "on" else ""
    return (
        f'<div class="line"><input type="checkbox" name="{name}" id="{name}" value="1"{checked}>'
        f'<label for="{name}">{escape(label)}</label></div>'
    )


def _preferences_form(values: dict[str, str]) -> str:
    boxes = "".join(_checkbox(name, label, values[control]) for control, name, label in _PREFERENCES)
    boxes += _checkbox("no_research", _RESEARCH_LABEL, "off" if values["research-use"] == "on" else "on")
    radios = "".join(
        f'<div class="line"><input type="radio" name="ad_style" id="ad_{value}" value="{value}"'
        f'{" checked" if values["ad-style"] == value else ""}><label for="ad_{value}">{label}</label></div>'
        for value, label in (("personal", "Ads that fit me"), ("general", "The same ads for everybody"))
    )
    options = "".join(
        f'<option value="{value}"{" selected" if values["activity-tracking"] == value else ""}>{label}</option>'
        for value, label in _TRACKING
    )
    zones = "".join(
        f'<option value="{value}"{" selected" if values["timezone"] == value else ""}>{value.upper()}</option>'
        for value in ("utc", "cet")
    )
    return (
        f'<div id="content"><h2>Preferences</h2>{_notice()}<form id="preferences" method="post">'
        f"<fieldset><legend>My posts</legend>{boxes}</fieldset>"
        f"<fieldset><legend>Advertisements</legend>{radios}</fieldset>"
        '<fieldset><legend>Activity</legend><div class="line"><label for="tracking">Remember what I do</label> '
        f'<select name="tracking" id="tracking">{options}</select></div><div class="line">'
        f'<label for="timezone">Time zone</label> <select name="timezone" id="timezone">{zones}</select></div>'
        "</fieldset>"
        '<input type="submit" name="save" value="Save preferences"></form></div>'
    )
