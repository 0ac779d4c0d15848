"""The practice site's routes: documents, their data, saves, and the faults of the scenario on the way."""

from __future__ import annotations

import contextlib
import json
import select
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from optout.practice import pages
from optout.practice.faults import Fault, SiteFault
from optout.practice.members import BY_ID, HOME, MOBILE, UNLISTED, VISIBILITY, PracticeSetting
from optout.practice.rendering import Fragment, Row, framed_card, hash_classes, index_page, row_html, setting_page
from optout.practice.signin import SESSION_COOKIE, sign_in_blueprint
from optout.practice.site import PracticeSite, index_settings

_SECTIONS = {"privacy": ("usage",), "ads": ("profile", "activity", "elsewhere")}
_INDEX_PATHS = {f"{HOME}/categories/privacy": "privacy", f"{HOME}/categories/ads": "ads"}
_CACHED_SECONDS = 3600
_BATCH_SECONDS = 0.5
_EXPIRES_AFTER_PAGES = 6


def build_app(site: PracticeSite) -> Flask:
    """The Flask application of a practice site."""
    app = Flask("optout.practice", static_folder=None)
    app.register_blueprint(sign_in_blueprint(site))
    documents = Documents(site)
    data = Data(site)
    app.add_url_rule("/mypreferences/<path:tail>", "settings", documents.settings)
    app.add_url_rule("/psettings/<path:tail>", "older", documents.settings)
    app.add_url_rule("/frame/<setting_id>", "frame", documents.frame)
    for rule in ("/feed/", "/in/<path:tail>", "/"):
        app.add_url_rule(rule, f"member:{rule}", documents.member_page)
    app.add_url_rule("/help/", "help", documents.help_page)
    app.add_url_rule("/help/<path:tail>", "help-page", documents.help_page)
    app.add_url_rule("/practice/popup", "popup", documents.help_page)
    app.add_url_rule("/api/page", "data", data.page)
    app.add_url_rule("/api/rows", "rows", data.rows)
    app.add_url_rule("/api/save", "save", data.save, methods=["POST"])
    app.add_url_rule("/practice-epoch", "epoch", lambda: str(site.play.epoch))
    app.add_url_rule("/practice-worker.js", "worker", data.worker)
    assets = {
        name: hash_classes(pages.asset(f"practice.{name}"), site.build).encode() for name in ("css", "js")
    }

    @app.get("/assets/practice.<build>.<kind>")
    def asset(build: str, kind: str) -> Response:
        if kind not in assets:
            return Response(status=404)
        response = Response(assets[kind], mimetype="text/css" if kind == "css" else "text/javascript")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return app


class Documents:
    """The HTML documents of signed-in members."""

    def __init__(self, site: PracticeSite) -> None:
        self.site = site

    def settings(self, tail: str) -> AnyResponse:  # noqa: ARG002 -- the path is taken from the request
        """Any page below the preferences, in the newer, the older and the mobile spelling."""
        site, path = self.site, request.path
        site.pause(site.latency.page_seconds)
        refusal = self._refuse(path)
        if refusal:
            return refusal
        if path in _INDEX_PATHS:
            return self._index(path)
        setting = site.setting_at(path)
        username = site.current_username() or ""
        if setting is None:
            return self._other_page(path)
        if site.scenario.hits(Fault.MOVED, setting.id) and path != site.path_of(setting):
            return self._missing()
        right_path = site.path_of(setting)
        if path != right_path and not path.startswith(MOBILE):
            return redirect(right_path)
        if site.scenario.hits(Fault.GONE_TO_INDEX, setting.id):
            return redirect(f"{HOME}/categories/{setting.index}")
        if site.is_gone(username, setting) and not site.scenario.hits(Fault.GONE_EMPTY, setting.id):
            return self._missing()
        return self._broken(setting) or self._setting(username, setting)

    def _refuse(self, path: str) -> AnyResponse | None:
        """Signed out, slowed down, challenged: what comes instead of any page."""
        site = self.site
        username = site.current_username()
        if username and site.store.has_happened(f"challenge:{username}"):
            return self._to_challenge(username)
        if site.store.has_happened("slow-down:page"):
            return _slow_down(999 if site.scenario.ids(Fault.PAGE_999) else 429)
        token = request.cookies.get(SESSION_COOKIE)
        if username and path not in _INDEX_PATHS:
            self._age_session(token, username)
        if site.current_username() is None:
            return redirect(f"/login?{urlencode({'session_redirect': path})}")
        return None

    def _age_session(self, token: str | None, username: str) -> None:
        site = self.site
        seen = site.store.count_page(token)
        once = site.scenario.has(SiteFault.SESSION_EXPIRES_ONCE) and seen == _EXPIRES_AFTER_PAGES
        always = site.scenario.has(SiteFault.SESSION_EXPIRES_ALWAYS) and seen > _EXPIRES_AFTER_PAGES // 2
        if always or (once and site.store.first_time(f"expired:{username}")):
            site.store.close_session(token or "")

    def _to_challenge(self, username: str) -> AnyResponse:
        return redirect(f"/checkpoint/challenge/{self.site.store.begin_challenge(username)}")

    def _broken(self, setting: PracticeSetting) -> AnyResponse | None:
        """The scenario's fault of this document, if it has one."""
        site = self.site
        for fault, status in ((Fault.PAGE_429, 429), (Fault.PAGE_999, 999)):
            if site.scenario.hits(fault, setting.id):
                site.store.first_time("slow-down:page")
                return _slow_down(status)
        if site.scenario.hits(Fault.CHALLENGE, setting.id):
            username = site.current_username() or ""
            site.store.first_time(f"challenge:{username}")
            return self._to_challenge(username)
        if site.scenario.hits(Fault.PAGE_500, setting.id):
            return site.page(site.shell("Error", main=pages.plain_main("Something went wrong", "Try again later.")), 500)
        if site.scenario.hits(Fault.DROPPED, setting.id):
            return _dropped()
        if site.scenario.hits(Fault.NEVER_FINISHES, setting.id):
            return Response(self._endless(), mimetype="text/html")
        if site.scenario.hits(Fault.REDIRECT_LOOP, setting.id):
            return redirect(f"{request.path}?{urlencode({'again': int(request.args.get('again', '0')) + 1})}")
        return None

    def _endless(self) -> Iterator[bytes]:
        connection = request.environ["werkzeug.socket"]
        head = document_head(self.site)

        def parts() -> Iterator[bytes]:
            yield head
            while not self.site.stopping.wait(0.1):
                readable, _, _ = select.select([connection], [], [], 0)
                if readable:
                    return

        return parts()

    def _options(self) -> dict[str, Any]:
        site = self.site
        banner = "modal" if site.scenario.has(SiteFault.COOKIE_BANNER_MODAL) else "overlay"
        has_banner = site.scenario.has(SiteFault.COOKIE_BANNER) or banner == "modal"
        has_worker = bool(site.scenario.ids(Fault.WORKER_ON) or site.scenario.ids(Fault.WORKER_OFF))
        return {
            "banner": banner if has_banner else "",
            "consent": f"practice_consent_{site.play.epoch}",
            "worker": has_worker,
        }

    def _shell_page(self, title: str, **parts: Any) -> Response:
        return self.site.page(self.site.shell(title, options=self._options(), **parts))

    def _index(self, path: str) -> AnyResponse:
        site = self.site
        if site.scenario.has(SiteFault.INDEX_DOWN):
            return site.page(site.shell("Error", main=pages.plain_main("Something went wrong", "Try again later.")), 500)
        title = site.words.term(_INDEX_PATHS[path])
        if site.generation_of(path) == "2020":
            return self._shell_page(title, inline=Data(site).index_data(path))
        return self._shell_page(title, data=_data_address(path))

    def _setting(self, username: str, setting: PracticeSetting) -> AnyResponse:
        site = self.site
        shown = Data(site).shown(setting)
        title = site.words.label(shown.id)
        if site.generation_of(setting.id) == "2020":
            response = self._shell_page(title, inline=Data(site).setting_data(username, setting))
        else:
            response = self._shell_page(title, data=_data_address(request.path))
        _allow_caching(site, setting, response)
        return response

    def _other_page(self, path: str) -> AnyResponse:
        if not path.startswith((f"{HOME}/", f"{MOBILE}/")) or "/settings/" in path:
            return self._missing()
        main = pages.plain_main("Your data", "There is nothing to switch on this page.")
        return self._shell_page("Your data", main=main)

    def _missing(self) -> AnyResponse:
        main = pages.plain_main("This page is not available", "It may have moved.")
        return self.site.page(self.site.shell("Not found", main=main), 404)

    def frame(self, setting_id: str) -> AnyResponse:
        """The inside of a same-origin frame that holds a setting's card."""
        site, username = self.site, self.site.current_username()
        if username is None or setting_id not in BY_ID:
            return Response(status=404)
        part = framed_card(site.view(username, BY_ID[setting_id]))
        inline = _as_data(site, request.path, part, {})
        return site.page(site.shell("Setting", inline=inline, bare=True))

    def member_page(self, tail: str = "") -> AnyResponse:  # noqa: ARG002 -- one page for every path
        """Pages that members see and that hold nothing to switch."""
        site = self.site
        site.pause(site.latency.page_seconds)
        refusal = self._refuse_home()
        if refusal:
            return refusal
        return self._shell_page("Home", main=pages.plain_main("Welcome back", "Nothing new since yesterday."))

    def _refuse_home(self) -> AnyResponse | None:
        username = self.site.current_username()
        if username is None:
            return redirect(f"/login?{urlencode({'session_redirect': request.path})}")
        if self.site.store.has_happened(f"challenge:{username}"):
            return self._to_challenge(username)
        if self.site.store.has_happened("slow-down:page"):
            return _slow_down(999 if self.site.scenario.ids(Fault.PAGE_999) else 429)
        return None

    def help_page(self, tail: str = "") -> AnyResponse:  # noqa: ARG002 -- one page for every path
        """A page for everybody."""
        return self.site.outer_page("Help", pages.plain_main("Help", "This site is for practice only."))


class Data:
    """What the pages' script fetches and sends."""

    def __init__(self, site: PracticeSite) -> None:
        self.site = site

    def page(self) -> AnyResponse:
        """A page's rendering: markup, controls to wire, and how the page behaves."""
        site = self.site
        path = request.args.get("path", "")
        username = site.current_username()
        if username is None:
            return Response(status=401)
        site.pause(site.latency.data_seconds)
        if site.store.has_happened("slow-down:data"):
            return _slow_down(429)
        if path in _INDEX_PATHS:
            return _json(self.index_data(path))
        setting = site.setting_at(path)
        if setting is None:
            return Response(status=404)
        if site.scenario.hits(Fault.DATA_429, setting.id):
            site.store.first_time("slow-down:data")
            return _slow_down(429)
        asks_afresh = "no-cache" in request.headers.get("Cache-Control", "")
        old = site.scenario.hits(Fault.CACHED_OFF, setting.id) and not asks_afresh
        response = _json(self.setting_data(username, setting, as_value="off" if old else None))
        _allow_caching(site, setting, response)
        return response

    def shown(self, setting: PracticeSetting) -> PracticeSetting:
        """The setting whose page really stands at another one's path."""
        if self.site.scenario.hits(Fault.OTHER_LISTED_PAGE, setting.id):
            return BY_ID["research"]
        return VISIBILITY if self.site.scenario.hits(Fault.OTHER_UNLISTED_PAGE, setting.id) else setting

    def setting_data(self, username: str, setting: PracticeSetting, as_value: str | None = None) -> dict[str, Any]:
        """A setting page's data."""
        site = self.site
        shown = self.shown(setting)
        view = site.view(username, shown, as_value=as_value)
        part = setting_page(view, f"{HOME}/categories/{setting.index or 'privacy'}", f"/frame/{shown.id}")
        data = _as_data(site, site.path_of(setting), part, view.page_behaviour())
        return data | {"title": f"{site.words.label(shown.id)} · Practice site"}

    def index_data(self, path: str) -> dict[str, Any]:
        """An index page's data."""
        site, index = self.site, _INDEX_PATHS[path]
        in_batches = site.scenario.has(SiteFault.INDEX_IN_BATCHES)
        names = _SECTIONS[index]
        sections = [(site.words.term(name), self._rows(index, name)) for name in names]
        if index == "privacy":
            sections.append((site.words.term("privacy"), self._plain_rows()))
        if site.scenario.has(SiteFault.INDEX_LATE):
            late = {"lateMs": 2500}
        else:
            late = {}
        more = f"/api/rows?{urlencode({'path': path, 'batch': 1})}" if in_batches else None
        part = index_page(
            site.words, site.generation_of(path), site.words.term(index), sections[:1] if more else sections, more
        )
        return _as_data(site, path, part, late) | {"title": f"{site.words.term(index)} · Practice site"}

    def rows(self) -> AnyResponse:
        """The next batch of an index's rows."""
        site, path = self.site, request.args.get("path", "")
        if site.current_username() is None or path not in _INDEX_PATHS:
            return Response(status=401)
        site.pause(_BATCH_SECONDS)
        index, batch = _INDEX_PATHS[path], int(request.args.get("batch", "1"))
        groups = [(site.words.term(name), self._rows(index, name)) for name in _SECTIONS[index]]
        if index == "privacy":
            groups.append((site.words.term("privacy"), self._plain_rows()))
        if batch >= len(groups):
            return _json({"html": ""})
        heading, rows = groups[batch]
        html = f'<section class="pp-card"><h2>{heading}</h2><ul class="pp-list">{"".join(map(row_html, rows))}</ul></section>'
        if batch + 1 < len(groups):
            more = urlencode({"path": path, "batch": batch + 1}).replace("&", "&amp;")
            html += f'<div data-more="/api/rows?{more}" class="pp-loading">Loading…</div>'
        return _json({"html": site.dress(path, html)})

    def _rows(self, index: str, section: str) -> list[Row]:
        site = self.site
        username = site.current_username() or ""
        truth = site.truth(username)
        rows = []
        for setting in index_settings(index):
            hidden = truth[setting.id] == "absent" or site.scenario.hits(Fault.ROW_MISSING, setting.id)
            if setting.section == section and not hidden:
                value = site.words.hint(setting.id) if setting.hint else self._row_value(setting, truth[setting.id])
                rows.append(Row(site.path_of(setting), site.words.label(setting.id), value))
        if section == UNLISTED.section and truth[UNLISTED.id] != "absent":
            value = site.words.term(truth[UNLISTED.id])
            rows.append(Row(UNLISTED.path, site.words.label(UNLISTED.id), value))
        return rows

    def _row_value(self, setting: PracticeSetting, state: str) -> str:
        scenario = self.site.scenario
        if scenario.hits(Fault.ROW_STALE, setting.id):
            state = "off" if setting.id in scenario.off_at_start else "on"
        if scenario.hits(Fault.ROW_WRONG, setting.id):
            state = "off" if state == "on" else "on"
        return self.site.words.term(state)

    def _plain_rows(self) -> list[Row]:
        names = ("get-copy", "manage-activity", "search-history")
        return [Row(f"{HOME}/{name}", self.site.words.term(name), "") for name in names]

    def save(self) -> AnyResponse:
        """One write of the page's script, and what the scenario makes of it."""
        site = self.site
        username = site.current_username()
        if username is None:
            return Response(status=401)
        sent = request.get_json(silent=True)
        control_id = sent.get("id") if isinstance(sent, dict) else None
        if not isinstance(sent, dict) or not isinstance(control_id, str) or control_id not in site.known_controls():
            return Response(status=400)
        setting = BY_ID.get(control_id.split("/", 1)[0])
        setting_id = setting.id if setting else ""
        value = sent["value"] if control_id == "cookie-banner" else "on" if sent.get("on") else "off"
        slow = site.scenario.hits(Fault.SAVE_SLOW, setting_id)
        site.pause(3.0 if slow else site.latency.save_seconds)
        refused = site.scenario.hits(Fault.SAVE_REFUSED, setting_id)
        forgotten = site.scenario.hits(Fault.SAVE_FORGOTTEN, setting_id)
        if refused or forgotten or site.client_is_gone():
            site.store.write(username, control_id, str(value), keep=False)
            return Response(status=500) if refused else _json({"saved": True})
        if setting and (site.is_gone(username, setting) or site.is_locked(username, setting)):
            return Response(status=404)
        operation = site.save(username, control_id, str(value))
        if site.scenario.hits(Fault.SAVE_REVERTED, setting_id):
            site.revert_later(username, operation, 1.0)
        return _json({"saved": True})

    def worker(self) -> AnyResponse:
        """A service worker that answers some pages' data with an old value for ever."""
        site, username = self.site, self.site.current_username()
        if username is None:
            return Response(status=404)
        stale: dict[str, Any] = {}
        for fault, value in ((Fault.WORKER_ON, "on"), (Fault.WORKER_OFF, "off")):
            for setting_id in site.scenario.ids(fault):
                setting = BY_ID[setting_id]
                stale[site.path_of(setting)] = self.setting_data(username, setting, as_value=value)
        script = pages.asset("worker.js").replace("__STALE__", json.dumps(stale))
        script = script.replace("__EPOCH__", str(site.play.epoch))
        response = Response(script, mimetype="text/javascript")
        response.headers["Cache-Control"] = "no-store"
        return response


def document_head(site: PracticeSite) -> bytes:
    """The beginning of a document that never ends."""
    html = pages.document(site.shell("Setting", main=pages.plain_main("Loading", "One moment, please.")))
    return hash_classes(html.split('<div id="root"', 1)[0], site.build).encode() + b"<p>One moment, please"


def _as_data(site: PracticeSite, path: str, part: Fragment, extra: dict[str, Any]) -> dict[str, Any]:
    return {"html": site.dress(path, "".join(part.html)), "wires": part.wires, "extra": extra}


def _data_address(path: str) -> str:
    return f"/api/page?{urlencode({'path': path})}"


def _allow_caching(site: PracticeSite, setting: PracticeSetting, response: Response) -> None:
    if site.scenario.hits(Fault.CACHED, setting.id):
        response.headers["Cache-Control"] = f"public, max-age={_CACHED_SECONDS}"


def _json(value: dict[str, Any]) -> Response:
    response = Response(json.dumps(value, ensure_ascii=False), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _slow_down(status: int) -> Response:
    response = Response("<!doctype html><title>Practice site</title><h1>Too many requests</h1>", mimetype="text/html")
    response.status = "999 Request denied" if status == 999 else str(status)
    response.headers["Retry-After"] = "600"
    return response


def _dropped() -> Response:
    connection = request.environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)
