"""The HTML documents of signed-in members, and the scenario's faults on the way to them."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from optout.practice import pages
from optout.practice.data import INDEX_PATHS, Data, allow_caching, as_data, data_address, slow_down_answer
from optout.practice.faults import Fault, SiteFault
from optout.practice.members import BY_ID, HOME, MOBILE, PracticeSetting
from optout.practice.rendering import framed_card, hash_classes
from optout.practice.signin import SESSION_COOKIE
from optout.practice.site import PracticeSite

_EXPIRES_AFTER_PAGES = 6
_OLD_INDEX_PATHS = MappingProxyType(
    {"/psettings/privacy": f"{HOME}/categories/privacy", "/psettings/advertising": f"{HOME}/categories/ads"}
)


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
        if path in INDEX_PATHS:
            return self._index(path)
        if path in _OLD_INDEX_PATHS:
            return redirect(_OLD_INDEX_PATHS[path])
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
            return slow_down_answer(999 if site.scenario.ids(Fault.PAGE_999) else 429)
        token = request.cookies.get(SESSION_COOKIE)
        if username and path not in INDEX_PATHS:
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
                return slow_down_answer(status)
        if site.scenario.hits(Fault.CHALLENGE, setting.id):
            username = site.current_username() or ""
            site.store.first_time(f"challenge:{username}")
            return self._to_challenge(username)
        if site.scenario.hits(Fault.PAGE_500, setting.id):
            return site.page(
                site.shell("Error", main=pages.plain_main("Something went wrong", "Try again later.")), 500
            )
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
            return site.page(
                site.shell("Error", main=pages.plain_main("Something went wrong", "Try again later.")), 500
            )
        title = site.words.term(INDEX_PATHS[path])
        if site.generation_of(path) == "2020":
            return self._shell_page(title, inline=Data(site).index_data(path))
        return self._shell_page(title, data=data_address(path))

    def _setting(self, username: str, setting: PracticeSetting) -> AnyResponse:
        site = self.site
        shown = Data(site).shown(setting)
        title = site.words.label(shown.id)
        if site.generation_of(setting.id) == "2020":
            response = self._shell_page(title, inline=Data(site).setting_data(username, setting))
        else:
            response = self._shell_page(title, data=data_address(request.path))
        allow_caching(site, setting, response)
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
        inline = as_data(site, request.path, part, {})
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
            return slow_down_answer(999 if self.site.scenario.ids(Fault.PAGE_999) else 429)
        return None

    def help_page(self, tail: str = "") -> AnyResponse:  # noqa: ARG002 -- one page for every path
        """A page for everybody."""
        return self.site.outer_page("Help", pages.plain_main("Help", "This site is for practice only."))


def document_head(site: PracticeSite) -> bytes:
    """The beginning of a document that never ends."""
    html = pages.document(site.shell("Setting", main=pages.plain_main("Loading", "One moment, please.")))
    return hash_classes(html.split('<div id="root"', 1)[0], site.build).encode() + b"<p>One moment, please"


def _dropped() -> Response:
    connection = request.environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)
