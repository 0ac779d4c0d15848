"""Chromium's own protocol behind the interface of a BiDi `Connection`.

Chromium has no BiDi of its own: chromedriver translates it by a script in a hidden tab, which every event and answer
of every page passes through. That costs a third of a run's CPU time and is the one thread that all tabs wait for (156).
So for Chromium the few BiDi commands and events that this program uses are translated here, and go straight to the
browser. Firefox, and a grid that lets nobody through to the browser, are spoken to in BiDi.

The protocol: https://chromedevtools.github.io/devtools-protocol/tot/
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from types import MappingProxyType

from optout.browser.bidi import CommandError, CommandTimeout, Message
from optout.browser.devtools_target import (
    FRAME,
    PAGE,
    Command,
    NetworkRules,
    Preload,
    Target,
    bidi_cookie,
    devtools_cookie,
    text_of_exception,
    wait_in_steps,
)
from optout.browser.devtools_wire import Wire
from optout.browser.needless import blocked_urls
from optout.errors import OptoutError

DEFAULT = "default"
TABS_END_SECONDS = 2.0
# A browser takes 0.01 to 0.15 s more to end. Its line ends with it, but a grid keeps that line up (Selenium 4.47).
LINE_END_SECONDS = 0.3
# A picture takes less than that where the window is being drawn anyway.
REDRAW_SECONDS = 0.3
ONE_PIXEL = MappingProxyType({"x": 0, "y": 0, "width": 1, "height": 1, "scale": 1})
ATTACH: Message = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
MOUSE = MappingProxyType({"pointerMove": "mouseMoved", "pointerDown": "mousePressed", "pointerUp": "mouseReleased"})


class DevTools:
    """Commands with their answers, and events, as `Connection` has them. Raises what it raises."""

    def __init__(self, url: str, *, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self._lock = threading.Lock()
        self._appeared = threading.Condition(self._lock)
        self._listeners: list[Callable[[str, Message], None]] = []
        self._by_session: dict[str, Target] = {}
        self._by_context: dict[str, Target] = {}
        self._user_contexts: set[str] = set()
        self._fronts: dict[str, str] = {}
        self._preloads: list[Preload] = []
        self._network_rules = NetworkRules()
        self._unanswered: list[tuple[str, Future[Message]]] = []
        self._commands: dict[str, Callable[[Message, float], Message]] = {
            "session.subscribe": self._subscribe,
            "network.setCacheBehavior": self._set_cache_behavior,
            "network.setExtraHeaders": self._set_extra_headers,
            "network.addIntercept": self._block,
            "script.addPreloadScript": self._add_preload_script,
            "script.callFunction": self._call_function,
            "script.evaluate": self._evaluate,
            "browser.createUserContext": self._create_user_context,
            "browser.removeUserContext": self._remove_user_context,
            "browsingContext.getTree": self._tree,
            "browsingContext.create": self._create,
            "browsingContext.navigate": self._navigate,
            "browsingContext.activate": self._activate,
            "browsingContext.captureScreenshot": self._capture,
            "input.performActions": self._perform_actions,
            "storage.getCookies": self._cookies,
            "storage.setCookie": self._set_cookie,
            "goog:cdp.getSession": self._session_of,
            "goog:cdp.sendCommand": self._send_raw,
        }
        self._wire = Wire(url, self._on_message, headers)
        self._wire.on_end(self._end_targets)
        self._wire.ask(None, "Target.setAutoAttach", ATTACH)

    @property
    def is_open(self) -> bool:
        """Whether commands can still be sent."""
        return self._wire.is_open

    def listen(self, listener: Callable[[str, Message], None]) -> None:
        """Call `listener(method, params)` for every event, in the reader's thread: it must not block."""
        self._listeners = [*self._listeners, listener]

    def silence(self, listener: Callable[[str, Message], None]) -> None:
        """Call this listener no more."""
        self._listeners = [one for one in self._listeners if one != listener]

    def send(self, method: str, params: Message, *, seconds: float = 30) -> Message:
        """Carry out a command and return its result; wait at most `seconds`."""
        return self._commands[method](params, seconds)

    def post(self, method: str, params: Message) -> Future[Message]:
        """Send one of the commands that are not waited for; safe in an event listener."""
        if method == "browsingContext.close":
            return self._wire.command(None, "Target.closeTarget", {"targetId": params["context"]})
        target = self._target(params["context"])
        return self._wire.command(target.session, "Page.handleJavaScriptDialog", {"accept": params["accept"]})

    def abort(self, error: OptoutError) -> None:
        """End every waiting and later command with this error."""
        self._wire.abort(error)

    def close(self) -> None:
        """End the browser in order, then close the socket.

        A driver kills it (156): what its processes still write then stays behind when the driver removes the profile.
        """
        self._wire.say_farewell()
        with self._appeared:
            for ended, seconds in ((self._has_no_target, TABS_END_SECONDS), (self._is_silent, LINE_END_SECONDS)):
                wait_in_steps(self._appeared, ended, time.monotonic() + seconds)
        self._wire.close()

    def _has_no_target(self) -> bool:
        return not self._by_session or self._is_silent()

    def _is_silent(self) -> bool:
        return not self._wire.is_heard

    # --- events: from the reader's thread, which must not wait

    def _on_message(self, session: str | None, method: str, event: Message) -> None:
        if method == "Target.attachedToTarget":
            self._attached(session, event)
        elif method == "Target.detachedFromTarget":
            self._detached(event["sessionId"])
        elif session is not None:
            with self._lock:
                target = self._by_session.get(session)
            for name, translated in target.translate(method, event) if target else ():
                self._tell(name, translated)

    def _tell(self, method: str, event: Message) -> None:
        for listener in self._listeners:
            listener(method, event)

    def _attached(self, parent_session: str | None, event: Message) -> None:
        """A tab, a frame of another origin or a worker came up; it stands still until it was prepared."""
        info, session = event["targetInfo"], event["sessionId"]
        with self._lock:
            owner = info.get("browserContextId")
            user_context = owner if owner in self._user_contexts else DEFAULT
            parent = self._by_session.get(parent_session or "")
            # A subtype is a page that is made ready behind another one (prerender).
            kind = FRAME if info.get("subtype") else info["type"]
            target = Target(info["targetId"], session, kind, user_context, parent.root if parent else None)
            self._by_session[session] = target
        for method, params in target.preparation(self._preloads, self._network_rules):
            self._wire.command(session, method, params)
        self._wire.command(session, "Target.setAutoAttach", ATTACH)
        self._wire.command(session, "Runtime.runIfWaitingForDebugger").add_done_callback(
            lambda _: self._prepared(target)
        )
        if target.kind == PAGE:
            context: Message = {"context": target.id, "url": info["url"], "userContext": user_context, "parent": None}
            self._tell("browsingContext.contextCreated", {**context, "originalOpener": info.get("openerId")})

    def _prepared(self, target: Target) -> None:
        with self._appeared:
            if target.kind == PAGE:
                self._by_context[target.id] = target
            self._appeared.notify_all()

    def _detached(self, session: str) -> None:
        with self._appeared:
            target = self._by_session.pop(session, None)
            if target and self._by_context.get(target.id) is target:
                del self._by_context[target.id]
            self._appeared.notify_all()
        if target:
            target.end()

    def _end_targets(self) -> None:
        """Nothing more comes: let everyone who waits for a tab look again."""
        # Called in a signal handler, perhaps in a thread that holds the lock: it must not wait for it.
        for target in tuple(self._by_session.values()):
            target.end()
        if self._appeared.acquire(blocking=False):
            self._appeared.notify_all()
            self._appeared.release()

    # --- what holds for every page

    def _subscribe(self, params: Message, seconds: float) -> Message:
        """Every event is told in any case."""
        del params, seconds
        return {}

    def _set_cache_behavior(self, params: Message, seconds: float) -> Message:
        del seconds
        self._network_rules = replace(self._network_rules, bypasses_cache=params["cacheBehavior"] == "bypass")
        return self._prepare_again()

    def _set_extra_headers(self, params: Message, seconds: float) -> Message:
        del seconds
        headers = {one["name"]: one["value"]["value"] for one in params["headers"]}
        self._network_rules = replace(self._network_rules, headers=headers)
        return self._prepare_again()

    def _block(self, params: Message, seconds: float) -> Message:
        """Whatever is to be intercepted here is to be refused: the browser does that by itself."""
        del seconds
        self._network_rules = replace(self._network_rules, blocked=tuple(blocked_urls(params["urlPatterns"])))
        return self._prepare_again()

    def _add_preload_script(self, params: Message, seconds: float) -> Message:
        del seconds
        self._preloads = [*self._preloads, Preload(f"({params['functionDeclaration']})()", params.get("sandbox", ""))]
        return self._tell_present(lambda target: target.preload_commands(self._preloads[-1:]))

    def _prepare_again(self) -> Message:
        return self._tell_present(lambda target: target.network_commands(self._network_rules))

    def _tell_present(self, commands: Callable[[Target], Iterator[Command]]) -> Message:
        """Let it hold for the targets that are there; the answers are looked at before the tabs are handed out."""
        with self._lock:
            present = list(self._by_session.values())
        for target in present:
            for method, values in commands(target):
                self._unanswered.append((method, self._wire.command(target.session, method, values)))
        return {}

    # --- tabs

    def _target(self, context: str) -> Target:
        with self._lock:
            target = self._by_context.get(context)
        if target is None:
            raise CommandError("a command", "no such frame", "the tab is gone")
        return target

    def _in_page(self, params: Message, method: str, values: Message, seconds: float) -> Message:
        return self._wire.ask(self._target(params["context"]).session, method, values, seconds=seconds)

    def _tree(self, params: Message, seconds: float) -> Message:
        del params
        deadline = time.monotonic() + seconds
        unanswered, self._unanswered = self._unanswered, []
        for method, command in unanswered:
            self._wire.result_of(command, method, max(0.0, deadline - time.monotonic()))
        with self._appeared:
            if not wait_in_steps(self._appeared, lambda: bool(self._by_context) or not self.is_open, deadline):
                raise CommandTimeout(f"the browser showed no tab within {seconds:g} s")
            self._wire.check()
            return {"contexts": [{"context": one.id, "url": one.url} for one in self._by_context.values()]}

    def _create(self, params: Message, seconds: float) -> Message:
        user_context = params.get("userContext", DEFAULT)
        values: Message = {"url": "about:blank", "background": params.get("background", False)}
        with self._lock:
            has_window = any(one.user_context == user_context for one in self._by_context.values())
        if user_context != DEFAULT:
            values |= {"browserContextId": user_context, "newWindow": not has_window}
        deadline = time.monotonic() + seconds
        context: str = self._wire.ask(None, "Target.createTarget", values, seconds=seconds)["targetId"]
        with self._appeared:
            if not wait_in_steps(self._appeared, lambda: context in self._by_context or not self.is_open, deadline):
                raise CommandTimeout(f"the browser did not prepare a new tab within {seconds:g} s")
            self._wire.check()
        return {"context": context}

    def _create_user_context(self, params: Message, seconds: float) -> Message:
        created: str = self._wire.ask(None, "Target.createBrowserContext", params, seconds=seconds)["browserContextId"]
        with self._lock:
            self._user_contexts.add(created)
        return {"userContext": created}

    def _remove_user_context(self, params: Message, seconds: float) -> Message:
        return self._wire.ask(
            None, "Target.disposeBrowserContext", {"browserContextId": params["userContext"]}, seconds=seconds
        )

    # --- pages

    def _navigate(self, params: Message, seconds: float) -> Message:
        """Load a page and wait until its document, or the one that it led to by itself, is parsed."""
        target, deadline = self._target(params["context"]), time.monotonic() + seconds
        answer = self._wire.ask(target.session, "Page.navigate", {"url": params["url"]}, seconds=seconds)
        if answer.get("errorText"):
            raise CommandError("browsingContext.navigate", "unknown error", str(answer["errorText"]))
        loader = answer.get("loaderId")  # none where only the fragment changed
        if loader and not target.wait_until_parsed(loader, deadline):
            self._wire.check()
            raise CommandTimeout(f"the browser did not finish browsingContext.navigate within {seconds:g} s")
        return {}

    def _call_function(self, params: Message, seconds: float) -> Message:
        values = {
            "functionDeclaration": params["functionDeclaration"],
            "arguments": [{"value": one["value"]} for one in params["arguments"]],
        }
        return self._run(params, "Runtime.callFunctionOn", values, seconds)

    def _evaluate(self, params: Message, seconds: float) -> Message:
        return self._run(params, "Runtime.evaluate", {"expression": params["expression"]}, seconds)

    def _run(self, params: Message, method: str, values: Message, seconds: float) -> Message:
        """Run a script in a world of the page and return its answer by value."""
        target, world = self._target(params["target"]["context"]), params["target"].get("sandbox", "")
        script = {**values, "awaitPromise": params["awaitPromise"], "returnByValue": True}
        script["uniqueContextId"] = target.world(world) or self._make_world(target, world, seconds)
        answer = self._wire.ask(target.session, method, script, seconds=seconds)
        if "exceptionDetails" in answer:
            return {"type": "exception", "exceptionDetails": {"text": text_of_exception(answer["exceptionDetails"])}}
        return {"type": "success", "result": answer["result"]}

    def _make_world(self, target: Target, world: str, seconds: float) -> str:
        """A world that the page has not got yet: its document was there before the preload script was."""
        values = {"frameId": target.id, "worldName": world}
        if world:
            self._wire.ask(target.session, "Page.createIsolatedWorld", values, seconds=seconds)
        made = target.wait_for_world(world, time.monotonic() + seconds)
        if made is None:
            self._wire.check()
            raise CommandError("script", "no such frame", "the page was replaced")
        return made

    def _activate(self, params: Message, seconds: float) -> Message:
        self._fronts[self._target(params["context"]).user_context] = params["context"]
        return self._in_page(params, "Page.bringToFront", {}, seconds)

    def _capture(self, params: Message, seconds: float) -> Message:
        scroll = self._run(
            {"target": params, "awaitPromise": False}, "Runtime.evaluate",
            {"expression": "[visualViewport.pageLeft, visualViewport.pageTop]"}, seconds,
        )["result"]["value"]  # fmt: skip
        box = params["clip"]
        clip = {"x": box["x"] + scroll[0], "y": box["y"] + scroll[1], "width": box["width"], "height": box["height"]}
        values: Message = {"format": "png", "clip": {**clip, "scale": 1}}
        method, target = "Page.captureScreenshot", self._target(params["context"])
        deadline = time.monotonic() + seconds
        picture = self._wire.command(target.session, method, values)
        while not wait([picture], timeout=REDRAW_SECONDS).done:
            if time.monotonic() >= deadline:
                raise CommandTimeout(f"the browser did not take a picture within {seconds:g} s")
            self._redraw_window_of(target)
        return self._wire.result_of(picture, method, seconds)

    def _redraw_window_of(self, target: Target) -> None:
        """Let its window be drawn: a picture of a tab behind another is ready only then, whenever that is (156)."""
        with self._lock:
            tabs = [one for one in self._by_context.values() if one.user_context == target.user_context]
        front = next((one for one in tabs if one.id == self._fronts.get(target.user_context)), next(iter(tabs), None))
        if front:
            self._wire.command(front.session, "Page.captureScreenshot", {"format": "jpeg", "clip": dict(ONE_PIXEL)})

    def _perform_actions(self, params: Message, seconds: float) -> Message:
        """The pointer's moves and presses, one after another."""
        at = {"x": 0, "y": 0}
        for action in (action for source in params["actions"] for action in source["actions"]):
            at = {"x": action.get("x", at["x"]), "y": action.get("y", at["y"])}
            button = {} if action["type"] == "pointerMove" else {"button": "left", "clickCount": 1}
            self._in_page(params, "Input.dispatchMouseEvent", {"type": MOUSE[action["type"]], **at, **button}, seconds)
        return {}

    # --- cookies

    def _owner(self, user_context: str) -> Message:
        return {} if user_context == DEFAULT else {"browserContextId": user_context}

    def _cookies(self, params: Message, seconds: float) -> Message:
        partition = params["partition"]
        context = partition.get("context")
        user_context = self._target(context).user_context if context else partition["userContext"]
        found = self._wire.ask(None, "Storage.getCookies", self._owner(user_context), seconds=seconds)["cookies"]
        domain = params.get("filter", {}).get("domain")
        return {"cookies": [bidi_cookie(one) for one in found if domain is None or one["domain"] == domain]}

    def _set_cookie(self, params: Message, seconds: float) -> Message:
        owner = self._owner(params["partition"]["userContext"])
        cookies = [devtools_cookie(params["cookie"])]
        return self._wire.ask(None, "Storage.setCookies", {"cookies": cookies, **owner}, seconds=seconds)

    def _session_of(self, params: Message, seconds: float) -> Message:
        del seconds
        return {"session": self._target(params["context"]).session}

    def _send_raw(self, params: Message, seconds: float) -> Message:
        found = self._wire.ask(params.get("session"), params["method"], params.get("params"), seconds=seconds)
        return {"result": found}
