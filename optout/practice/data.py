"""What the pages' script fetches and sends: a page's rendering, an index's rows, saves."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from optout.practice import pages
from optout.practice.faults import Fault, SiteFault
from optout.practice.members import BY_ID, HOME, UNLISTED, VISIBILITY, PracticeSetting
from optout.practice.rendering import Fragment, Row, index_page, more_html, row_html, setting_page
from optout.practice.site import PracticeSite, index_settings

INDEX_PATHS = MappingProxyType({f"{HOME}/categories/privacy": "privacy", f"{HOME}/categories/ads": "ads"})
_SECTIONS = MappingProxyType({"privacy": ("usage",), "ads": ("profile", "activity", "elsewhere")})
_CACHED_SECONDS = 3600
_BATCH_SECONDS = 0.5
_TRICKLE_MS = 3200


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
            return slow_down_answer(429)
        if path in INDEX_PATHS:
            return _json(self.index_data(path))
        setting = site.setting_at(path)
        if setting is None:
            return Response(status=404)
        if site.scenario.hits(Fault.DATA_429, setting.id):
            site.store.first_time("slow-down:data")
            return slow_down_answer(429)
        asks_afresh = "no-cache" in request.headers.get("Cache-Control", "")
        old = site.scenario.hits(Fault.CACHED_OFF, setting.id) and not asks_afresh
        response = _json(self.setting_data(username, setting, as_value="off" if old else None))
        allow_caching(site, setting, response)
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
        data = as_data(site, site.path_of(setting), part, view.page_behaviour())
        return data | {"title": f"{site.words.label(shown.id)} · Practice site"}

    def index_data(self, path: str) -> dict[str, Any]:
        """An index page's data."""
        site, index = self.site, INDEX_PATHS[path]
        in_batches = site.scenario.has(SiteFault.INDEX_IN_BATCHES) or site.scenario.has(SiteFault.INDEX_TRICKLES)
        is_folded = site.scenario.has(SiteFault.INDEX_FOLDED)
        names = _SECTIONS[index]
        sections = [(site.words.term(name), self._rows(index, name)) for name in names]
        if index == "privacy":
            sections.append((site.words.term("privacy"), self._plain_rows()))
        late = {"lateMs": 2500} if site.scenario.has(SiteFault.INDEX_LATE) else {}
        more = more_html(f"/api/rows?{urlencode({'path': path, 'batch': 1})}", self._trickle_ms) if in_batches else None
        part = index_page(
            site.words,
            site.generation_of(path),
            site.words.term(index),
            sections[:1] if more or is_folded else sections,
            more,
            [heading for heading, _ in sections[1:]] if is_folded else (),
        )
        return as_data(site, path, part, late) | {"title": f"{site.words.term(index)} · Practice site"}

    def rows(self) -> AnyResponse:
        """The next batch of an index's rows."""
        site, path = self.site, request.args.get("path", "")
        if site.current_username() is None or path not in INDEX_PATHS:
            return Response(status=401)
        site.pause(_BATCH_SECONDS)
        index, batch = INDEX_PATHS[path], int(request.args.get("batch", "1"))
        groups = [(site.words.term(name), self._rows(index, name)) for name in _SECTIONS[index]]
        if index == "privacy":
            groups.append((site.words.term("privacy"), self._plain_rows()))
        if batch >= len(groups):
            return _json({"html": ""})
        heading, rows = groups[batch]
        listed = "".join(map(row_html, rows))
        html = f'<section class="pp-card"><h2>{heading}</h2><ul class="pp-list">{listed}</ul></section>'
        if batch + 1 < len(groups):
            more = urlencode({"path": path, "batch": batch + 1})
            html += more_html(f"/api/rows?{more}", self._trickle_ms)
        return _json({"html": site.dress(path, html)})

    @property
    def _trickle_ms(self) -> int:
        return _TRICKLE_MS if self.site.scenario.has(SiteFault.INDEX_TRICKLES) else 0

    def _rows(self, index: str, section: str) -> list[Row]:
        site = self.site
        username = site.current_username() or ""
        truth = site.truth(username)
        rows = []
        for setting in index_settings(index):
            hidden = truth[setting.id] == "absent" or site.scenario.hits(Fault.ROW_MISSING, setting.id)
            if setting.section == section and not hidden:
                value = site.words.hint(setting.id) if setting.hint else self._row_value(setting, truth[setting.id])
                is_drawn = not setting.hint and site.scenario.has(SiteFault.INDEX_PICTURES)
                rows.append(Row(site.path_of(setting), site.words.label(setting.id), value, is_drawn))
        if section == UNLISTED.section and truth[UNLISTED.id] != "absent":
            value = site.words.term(truth[UNLISTED.id])
            is_drawn = site.scenario.has(SiteFault.INDEX_PICTURES)
            rows.append(Row(UNLISTED.path, site.words.label(UNLISTED.id), value, is_drawn))
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


def as_data(site: PracticeSite, path: str, part: Fragment, extra: dict[str, Any]) -> dict[str, Any]:
    """A rendering as the script takes it."""
    return {"html": site.dress(path, "".join(part.html)), "wires": part.wires, "extra": extra}


def data_address(path: str) -> str:
    """Where the script gets that page's rendering."""
    return f"/api/page?{urlencode({'path': path})}"


def allow_caching(site: PracticeSite, setting: PracticeSetting, response: Response) -> None:
    """Let caches keep the answer, where the scenario says so."""
    if site.scenario.hits(Fault.CACHED, setting.id):
        response.headers["Cache-Control"] = f"private, max-age={_CACHED_SECONDS}"
        # One session's old pages, but never those of a scenario before: each sign-in has its own cookie.
        response.headers["Vary"] = "Cookie"


def slow_down_answer(status: int) -> Response:
    """The answer that asks to slow down."""
    response = Response("<!doctype html><title>Practice site</title><h1>Too many requests</h1>", mimetype="text/html")
    response.status = "999 Request denied" if status == 999 else str(status)
    response.headers["Retry-After"] = "600"
    return response


def _json(value: dict[str, Any]) -> Response:
    response = Response(json.dumps(value, ensure_ascii=False), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
