"""A started browser: its tabs, cookies and events, and what every session sends (Global Privacy Control)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from optout.browser.bidi import Channel, CommandError
from optout.browser.needless import url_patterns
from optout.browser.network import Response, Traffic
from optout.browser.tab import SANDBOX, Tab, page_script
from optout.browser.waiting import Stop
from optout.errors import BrowserGone, OptoutError

EVENTS = (
    "network.beforeRequestSent",
    "network.responseStarted",
    "network.responseCompleted",
    "network.fetchError",
    "browsingContext.contextCreated",
    "browsingContext.userPromptOpened",
)
# A tab's process that is told to crash does not answer any more.
CRASH_SECONDS = 1.0
# Source: https://www.w3.org/TR/gpc/ (header `Sec-GPC: 1`, `navigator.globalPrivacyControl === true`).
GPC_SCRIPT = """() => { Object.defineProperty(Navigator.prototype, "globalPrivacyControl",
  { get: () => true, configurable: true, enumerable: true }); }"""


class Browser:
    """A started browser, prepared once: events, no cache, Global Privacy Control, page.js in every page.

    `quit_driver` ends browser and driver; `has_native_gpc` says that the browser itself sends the signal; `is_light`:
    trackers of third parties are not asked for.
    """

    def __init__(
        self, connection: Channel, quit_driver: Callable[[], None], *, has_native_gpc: bool, is_light: bool = True
    ) -> None:
        self.connection = connection
        self._quit_driver = quit_driver
        self._prepare(has_native_gpc=has_native_gpc, is_light=is_light)

    def _prepare(self, *, has_native_gpc: bool, is_light: bool) -> None:
        commands: list[tuple[str, dict[str, Any]]] = [
            ("session.subscribe", {"events": list(EVENTS)}),
            ("network.setCacheBehavior", {"cacheBehavior": "bypass"}),
            ("script.addPreloadScript", {"functionDeclaration": f"() => {{ {page_script()} }}", "sandbox": SANDBOX}),
        ]
        if is_light:
            commands.append(("network.addIntercept", {"phases": ["beforeRequestSent"], "urlPatterns": url_patterns()}))
        if not has_native_gpc:
            header = {"name": "Sec-GPC", "value": {"type": "string", "value": "1"}}
            commands.append(("network.setExtraHeaders", {"headers": [header]}))
            commands.append(("script.addPreloadScript", {"functionDeclaration": GPC_SCRIPT}))
        for method, parameters in commands:
            try:
                self.connection.send(method, parameters)
            except CommandError as error:
                raise BrowserGone(
                    f"this browser is too old for a safe run: it refused ({error.message[:120]}); "
                    "update the browser and its driver, then run `optout doctor`"
                ) from error

    def session(self, stop: Stop, *, closes_popups: bool = True) -> Session:
        """The browser's own session; closing it ends the browser."""
        tree = self.connection.send("browsingContext.getTree", {"maxDepth": 0})
        return Session(self, stop, tree["contexts"][0]["context"], closes_popups=closes_popups)

    def isolated_session(self, stop: Stop) -> Session:
        """A session with cookies and storage of its own; closing it erases them and leaves the browser."""
        user_context = self.connection.send("browser.createUserContext", {})["userContext"]
        created = self.connection.send(
            "browsingContext.create", {"type": "tab", "background": True, "userContext": user_context}
        )
        return Session(self, stop, created["context"], user_context=user_context)

    def close(self) -> None:
        """End the browser and its driver, whatever state they are in."""
        self.connection.close()
        self._quit_driver()


class Session:
    """Tabs, cookies and events of one person in a browser. With a `user_context` it is one of several."""

    def __init__(
        self, browser: Browser, stop: Stop, first: str, *, user_context: str | None = None, closes_popups: bool = True
    ) -> None:
        self._browser = browser
        self._connection = browser.connection
        self._stop = stop
        self._user_context = user_context
        self._closes_popups = closes_popups
        self._lock = threading.Lock()
        self._front = threading.Lock()
        self._tabs: dict[str, Tab] = {}
        self._owner: dict[str, str] = {}
        self._response_listeners: list[Callable[[Response], None]] = []
        self._connection.listen(self._on_event)
        self._adopt(first)

    def _adopt(self, context: str) -> Tab:
        traffic = Traffic(context, self._tell_response)
        tab = Tab(self._connection, context, traffic, self._stop, self._front)
        tab.is_past_workers = self._bypass_workers(context)
        with self._lock:
            self._tabs[context] = tab
            self._owner[context] = context
        return tab

    def _bypass_workers(self, context: str) -> bool:
        """Let the tab's requests pass by service workers, where the browser can (Chromium); True if it does."""
        try:
            self._send_devtools(context, "Network.setBypassServiceWorker", {"bypass": True})
        except CommandError:
            return False
        return True

    def _send_devtools(self, context: str, method: str, params: dict[str, Any], seconds: float = 30) -> None:
        """A command of Chromium's own protocol to a tab. Raises `CommandError` in other browsers."""
        cdp = self._connection.send("goog:cdp.getSession", {"context": context})["session"]
        command = {"method": method, "params": params, "session": cdp}
        self._connection.send("goog:cdp.sendCommand", command, seconds=seconds)

    @property
    def is_open(self) -> bool:
        """Whether the browser is still there."""
        return self._connection.is_open

    @property
    def first_tab(self) -> Tab:
        """The tab that the browser opened with."""
        with self._lock:
            return next(iter(self._tabs.values()))

    def new_tab(self) -> Tab:
        """Open a tab behind the present one."""
        parameters: dict[str, Any] = {"type": "tab", "background": True}
        if self._user_context:
            parameters["userContext"] = self._user_context
        created = self._connection.send("browsingContext.create", parameters)
        return self._adopt(created["context"])

    def close_tab(self, tab: Tab) -> None:
        """Close a tab and forget it. A stuck one's process is ended, where that is possible (Chromium).

        Other tabs may share that process: they are stuck as well until it ends, and are loaded anew afterwards.
        """
        with self._lock:
            self._tabs.pop(tab.context, None)
            is_last = not self._tabs
        with suppress(OptoutError):
            if tab.is_stuck:
                self._send_devtools(tab.context, "Page.crash", {}, CRASH_SECONDS)
        with suppress(OptoutError):
            if is_last:  # there is always a `first_tab`
                self.new_tab()
            tab.close()

    def on_response(self, listener: Callable[[Response], None]) -> None:
        """Call this for every answered request of every tab, in the reader's thread."""
        self._response_listeners.append(listener)

    def cookies(self) -> list[dict[str, Any]]:
        """Every cookie of the session, as the protocol gives them (values are secrets)."""
        partition = {"type": "context", "context": self.first_tab.context}
        answer = self._connection.send("storage.getCookies", {"partition": partition})
        cookies: list[dict[str, Any]] = answer["cookies"]
        return cookies

    def cookies_for(self, domain: str) -> list[dict[str, Any]]:
        """The cookies of exactly that domain, and no others, whatever page is open (values are secrets)."""
        partition = {"type": "storageKey", "userContext": self._user_context or "default"}
        answer = self._connection.send("storage.getCookies", {"filter": {"domain": domain}, "partition": partition})
        cookies: list[dict[str, Any]] = answer["cookies"]
        return cookies

    def set_cookie(self, cookie: dict[str, Any]) -> None:
        """Put one cookie, as `cookies` gave it, into this session."""
        keys = ("name", "value", "domain", "path", "httpOnly", "secure", "sameSite", "expiry")
        wanted = {key: cookie[key] for key in keys if cookie.get(key) is not None}
        if wanted.get("sameSite") not in ("strict", "lax", "none"):
            wanted.pop("sameSite", None)
        # Not the first tab's partition: Firefox gives about:blank one of its own, which no page sees (153).
        partition = {"type": "storageKey", "userContext": self._user_context or "default"}
        self._connection.send("storage.setCookie", {"cookie": wanted, "partition": partition})

    def abort(self, error: OptoutError) -> None:
        """Let every thread that waits for this browser go on with this error."""
        self._connection.abort(error)

    def close(self) -> None:
        """End the session: with the whole browser, or with its own cookies and storage where it is one of several."""
        self._connection.silence(self._on_event)
        if self._user_context is None:
            self._browser.close()
            return
        with suppress(OptoutError):
            self._connection.send("browser.removeUserContext", {"userContext": self._user_context}, seconds=10)

    def _tell_response(self, response: Response) -> None:
        for listener in tuple(self._response_listeners):
            listener(response)

    def _tab_of(self, context: str | None) -> Tab | None:
        with self._lock:
            return self._tabs.get(self._owner.get(context or "", ""))

    def _on_event(self, method: str, event: dict[str, Any]) -> None:
        if method == "browsingContext.contextCreated":
            self._context_created(event)
            return
        if event.get("isBlocked"):  # a tracker; any session of the browser may say so, and only once is it heard
            with suppress(BrowserGone):
                self._connection.post("network.failRequest", {"request": event["request"]["request"]})
        tab = self._tab_of(event.get("context"))
        if tab is None:
            return
        if method == "network.beforeRequestSent":
            tab.traffic.begin(event)
        elif method == "network.responseStarted":
            tab.traffic.answer_began(event)
        elif method == "network.responseCompleted":
            tab.traffic.end(event, failed=False)
        elif method == "network.fetchError":
            tab.traffic.end(event, failed=True)
        elif method == "browsingContext.userPromptOpened":
            self._answer_prompt(tab, event)

    def _context_created(self, event: dict[str, Any]) -> None:
        context, parent, opener = event["context"], event.get("parent"), event.get("originalOpener")
        with self._lock:
            if parent:
                self._owner[context] = self._owner.get(parent, parent)
                return
            is_ours = event.get("userContext", "default") == (self._user_context or "default")
            is_popup = is_ours and opener is not None and context not in self._tabs
        if is_popup and self._closes_popups:
            with suppress(BrowserGone):
                self._connection.post("browsingContext.close", {"context": context})

    def _answer_prompt(self, tab: Tab, event: dict[str, Any]) -> None:
        """Leave-the-page prompts and alerts are accepted (nothing is left before its save was answered)."""
        kind = event.get("type")
        accept = kind in ("beforeunload", "alert") or (kind == "confirm" and tab.agree_to(event.get("message", "")))
        with suppress(BrowserGone, CommandError):
            self._connection.post("browsingContext.handleUserPrompt", {"context": event["context"], "accept": accept})
