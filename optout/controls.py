"""Finding, proving, reading and switching one setting's control on its loaded page."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from optout.browser.network import Mark
from optout.browser.recognition import PageKind, Recognized, recognize, signs_to_look_for
from optout.browser.tab import PageMoved, Tab
from optout.browser.views import ControlView, PageView, page_view, trim_path
from optout.browser.waiting import Stop
from optout.catalogue.models import Kind, Setting
from optout.directory import Directory
from optout.errors import PageError
from optout.obstacles import Asked, Obstacles
from optout.outcomes import Reading, State, now
from optout.states import is_checked, state_of
from optout.witnesses import Lead, Proved, Refusal, Refused, Verdict, prove

# From one look at a page to the next, at least.
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things are waited for, in seconds."""

    find: float = 5.0  # a control to appear on a loaded page
    in_front: float = 1.5  # the same, once the page is in front of the others
    still: float = 0.06  # no request under way: the page is quiet
    stable: float = 0.12  # two looks that far apart must agree
    stable_alone: float = 0.8  # the same, where nothing else confirms what the page shows
    quiet: float = 11.0  # a page to become quiet at all
    save: float = 20.0  # a save to be answered
    no_request: float = 1.6  # a click that sends nothing
    settle: float = 1.6  # between a save and the reading that proves it: some sites revert a second later
    index: float = 5.0  # an index to show every row it should


class ServiceWorkerInTheWay(PageError):
    """The page came by way of a service worker; it must be loaded again from the server."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a setting's page showed: what the page is, the proof or refusal, and the reading if there is a control."""

    recognized: Recognized
    view: PageView
    verdict: Verdict
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Operated:
    """What operating a control came to. `sent`: requests began; `refused`: what the site answered a refused save.

    `asked`: the question that stood open in the end, unanswered.
    """

    clicked: bool
    sent: bool
    why: str | None = None
    refused: str | None = None
    asked: str | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """How a control is to be operated.

    `only`: the boxes of a set that may be pressed. `value`: what a radio set or select is put to when it is switched
    on. `by_pointer`: press like a hand, and wait longer, instead of asking the element to click.
    """

    target: State
    only: Sequence[str] | None = None
    value: str | None = None
    by_pointer: bool = False


Finder = Callable[[Directory, Setting, PageView, Lead], Verdict]


@dataclass(frozen=True, slots=True)
class Rules:
    """How controls are found, proved and waited for; the same for every setting of a run.

    `check` raises where nothing more may be pressed, because the site asked to slow down.
    """

    directory: Directory
    timing: Timing
    stop: Stop
    find: Finder = prove
    check: Callable[[], None] = lambda: None


class SettingPage:
    """A setting's loaded page in a tab. `find` proves the control; it is found anew for every reading."""

    def __init__(self, tab: Tab, setting: Setting, lead: Lead, rules: Rules) -> None:
        self._tab = tab
        self._directory = rules.directory
        self._setting = setting
        self.lead = lead
        self._timing = rules.timing
        self._stop = rules.stop
        self._find = rules.find
        self._check = rules.check
        self._obstacles = Obstacles(tab, rules.directory, setting.id)
        self._open_question: str | None = None

    def __str__(self) -> str:
        return f"{self._setting.title} on {self.lead.path}"

    def examine(self, meanwhile: Callable[[Examined], None] = lambda _: None) -> Examined:
        """Wait until the page is quiet and its control is there and steady; prove it and read it.

        `meanwhile` is called between each reading and the next, which has to agree with it.
        Raises `PageError` when the page cannot be read, `ServiceWorkerInTheWay` when it is not the server's own.
        """
        latest = self._examine_within(self._timing.find, meanwhile)
        if latest.reading is None and latest.view.hidden and latest.recognized.kind is PageKind.READY:
            with self._tab.in_front():
                latest = self._examine_within(self._timing.in_front, meanwhile)
        return latest

    def _examine_within(self, seconds: float, meanwhile: Callable[[Examined], None]) -> Examined:
        deadline = time.monotonic() + seconds
        seen: Examined | None = None
        next_look = 0.0
        while True:
            self._tab.traffic.wait_quiet(still=self._timing.still, within=self._timing.quiet)
            latest = self._look()
            if latest.recognized.kind is not PageKind.READY:
                return latest
            missed = self._missed(latest)
            if latest.reading is None or missed:
                is_over = time.monotonic() >= deadline
                if latest.reading is None and (self._is_beside(latest.view) or (is_over and not missed)):
                    return latest
                if is_over:
                    raise PageError(f"{latest.view.url}: {missed}")
                seen = None
                if isinstance(latest.verdict, Refused) and latest.verdict.why is Refusal.ABSENT:
                    self._refuse_banner()
                self._stop.pause(self._timing.stable)
                continue
            stable = self._stable_seconds(latest.reading, latest.verdict)
            if seen is None or not _agree(seen, latest):
                seen, next_look = latest, time.monotonic() + stable
                meanwhile(latest)
            elif latest.view.age_of(seen.view) >= _milliseconds(stable):
                return latest
            if time.monotonic() >= deadline + self._timing.quiet:
                return self._unsteady(latest)
            self._stop.pause(max(next_look - time.monotonic(), LOOK_SECONDS))

    def _stable_seconds(self, reading: Reading, proved: Verdict) -> float:
        """How long a reading has to last, in the page's own time, before it is believed."""
        assert isinstance(proved, Proved)  # noqa: S101 -- only what is proved is read
        if reading.state is self.lead.expected:
            return self._timing.stable
        is_waiting = any(one.state.busy or one.state.disabled for one in proved.controls)
        return self._timing.find if is_waiting else self._timing.stable_alone

    def _missed(self, latest: Examined) -> str | None:
        """What the page lacks of what it shows, where nothing but itself speaks for what it shows; else None.

        A page whose data did not come may show what it shows to everybody before.
        """
        if latest.reading and self.lead.is_listed and latest.reading.state is self.lead.expected:
            return None
        failure = self._directory.trouble_in(latest.view.alerts) if latest.reading else None
        says = f"the page says that it failed: '{failure}'" if failure else None
        return says or self._tab.traffic.unread(self._directory.service.origin)

    def operate(self, how: Press, examined: Examined) -> Operated:
        """Switch the control and wait until the save was answered. `examined` is what the page showed a moment ago.

        Every element is proved and read a moment before it is pressed, and pressed at most once.
        """
        self._obstacles.turns_off = how.target is State.OFF
        pressed: list[str] = []
        sent = False
        if self._refuse_banner():
            examined = self._look()
        mark = start = self._tab.traffic.mark()
        known = frozenset[str]()
        while True:
            proved = examined.verdict
            if not isinstance(proved, Proved) or examined.reading is None:
                return Operated(bool(pressed), sent, why="the control was no longer there to be proved")
            if examined.reading.state is State.UNKNOWN:
                return Operated(bool(pressed), sent, why=examined.reading.detail)
            wanted = next_to_press(proved, how, pressed)
            if wanted is None:
                break
            mark = self._tab.traffic.mark()
            why = self._press(examined, proved, wanted, how)
            if why is not None:
                return Operated(bool(pressed), sent, why=why)
            pressed.append(_identity(proved, wanted))
            known = frozenset(dialog.key for dialog in examined.view.dialogs)
            if not proved.version.save:
                sent = self._await_save(mark, known, linger=how.by_pointer) or sent
            if len(proved.controls) == 1:
                break
            examined = self._look()
        if pressed and proved.version.save:
            why = self._press_save(proved.version.save)
            if why is not None:
                return Operated(True, sent, why=why)
            sent = self._await_save(mark, known, linger=how.by_pointer)
        return Operated(bool(pressed), sent, refused=self._refusal(start), asked=self._open_question)

    @cached_property
    def _spec(self) -> dict[str, Any]:
        timing = self._timing
        return {
            "main": [one.css for one in self._directory.service.main],
            "signs": signs_to_look_for(self._directory.service),
            "versions": [{"css": one.css, "region": one.region} for one in self._setting.controls],
            "all": True,
            "ages": [_milliseconds(one) for one in (timing.stable, timing.stable_alone, timing.find)],
        }

    def _look(self) -> Examined:
        view = page_view(self._tab.ask("controls", self._spec))
        recognized = recognize(self._directory.service, view, self._tab.traffic.status_of(view.url, view.status))
        if recognized.kind is not PageKind.READY:
            return Examined(recognized, view, Refused(Refusal.ABSENT, recognized.detail))
        if view.controlled and not self._tab.is_past_workers:
            raise ServiceWorkerInTheWay(f"{view.url} came by way of a service worker, not from the server")
        verdict = self._find(self._directory, self._setting, view, self.lead)
        if isinstance(verdict, Refused):
            return Examined(recognized, view, verdict)
        state, detail = state_of(verdict.version, verdict.controls)
        reading = Reading(state, view.url, verdict.selector, now(), verdict.said, verdict.score, detail)
        return Examined(recognized, view, verdict, reading)

    def _is_beside(self, view: PageView) -> bool:
        """Whether the site sent us to an index or its start page instead: nothing more will appear there."""
        service = self._directory.service
        beside = {trim_path(one.path) for index in service.indexes for one in index.paths}
        if service.signin:
            beside |= {trim_path(path) for path in service.signin.signed_in.paths}
        return view.path in beside and view.path != trim_path(self.lead.path)

    def _unsteady(self, latest: Examined) -> Examined:
        assert latest.reading is not None  # noqa: S101 -- only a control that was read can be unsteady
        old = latest.reading
        detail = f"the control did not come to rest within {self._timing.find + self._timing.quiet:g} s"
        reading = Reading(State.UNKNOWN, old.url, old.selector, old.at, old.witnesses, old.score, detail)
        return Examined(latest.recognized, latest.view, latest.verdict, reading)

    def _press(self, examined: Examined, proved: Proved, control: ControlView, how: Press) -> str | None:
        """Press one proved element; None when it was, else why not."""
        self._check()
        spec: dict[str, Any] = {
            "key": control.key,
            "origin": self._directory.service.origin,
            "path": urlsplit(examined.view.url).path,
            "state": control.state.as_spec(),
        }
        self._tab.agree_to = self._obstacles.asks_about_turning_off
        if proved.version.kind is Kind.SELECT:
            spec["choose"] = wanted_value(proved, how)
        elif how.by_pointer:
            with self._tab.in_front():  # a hidden tab takes the pointer seconds later, when its page is another
                place = self._tab.ask("reach", spec)
                if place["done"]:
                    self._tab.point_and_press(place["x"], place["y"])
                    return self._objection()
        answer = self._tab.ask("operate", spec)
        return None if answer["done"] else str(answer["why"])

    def _objection(self) -> str | None:
        """Why the page did not get the pointer's press: its control had changed by then. None when it did."""
        with suppress(PageMoved):  # a press may lead to another page
            return self._tab.ask("objection") or None
        return None

    def _press_save(self, css: str) -> str | None:
        """Press the one Save button; None when it was, else why not."""
        self._check()
        answer = self._tab.ask("save", {"css": css, "origin": self._directory.service.origin})
        return None if answer["done"] else f"the Save button could not be pressed: {answer['why']}"

    def _await_save(self, mark: Mark, known_dialogs: frozenset[str], *, linger: bool) -> bool:
        """Wait until the requests that a press started were answered; True if any began."""
        traffic, timing = self._tab.traffic, self._timing
        deadline = time.monotonic() + timing.no_request
        asked = Asked(set(known_dialogs))
        began = traffic.wait_begun(mark, within=0.2)
        while (not began or linger) and time.monotonic() < deadline:
            if self._obstacles.answer_dialog(asked, begun=began):
                deadline = time.monotonic() + timing.no_request
            began = traffic.wait_begun(mark, within=0.2)
            if began and linger:
                self._stop.pause(0.2)
        if began:
            traffic.wait_quiet(still=timing.still, within=timing.save, ignore_older=timing.save)
            if self._obstacles.answer_dialog(asked, begun=True):
                traffic.wait_begun(mark, within=timing.no_request)
                traffic.wait_quiet(still=timing.still, within=timing.save, ignore_older=timing.save)
        self._open_question = asked.open or self._obstacles.take_declined()
        return began

    def _refuse_banner(self) -> bool:
        was_there = self._obstacles.refuse_banner()
        if was_there:
            self._tab.traffic.wait_quiet(still=self._timing.still, within=self._timing.quiet)
        return was_there

    def _refusal(self, mark: Mark) -> str | None:
        bad = [one for one in self._tab.traffic.writes_since(mark) if one.status >= 400 or one.status == 0]
        if not bad:
            return None
        return f"the site answered the save with HTTP {bad[-1].status}" if bad[-1].status else "the save got no answer"


def wanted_value(proved: Proved, how: Press) -> str | None:
    """The value that a radio set or select is put to."""
    if how.target is State.OFF:
        return proved.version.off_value
    return how.value or proved.version.on_value


def chosen_value(proved: Proved) -> str | None:
    """The value that a radio set or select has now (None for anything else): what undo puts back."""
    if proved.version.kind is Kind.SELECT:
        return proved.controls[0].state.value
    if proved.version.kind is Kind.RADIOS:
        return next((one.state.value for one in proved.controls if one.state.checked), None)
    return None


def next_to_press(proved: Proved, how: Press, pressed: Sequence[str]) -> ControlView | None:
    """The next element to press on the way to the target, or None when nothing is left to do."""
    version = proved.version
    if version.kind in (Kind.SELECT, Kind.RADIOS):
        value = wanted_value(proved, how)
        if pressed or value is None or chosen_value(proved) == value:
            return None
        if version.kind is Kind.SELECT:
            return proved.controls[0]
        return next((one for one in proved.controls if one.state.value == value), None)
    wanted = (how.target is State.ON) != version.inverted
    for one in proved.controls:
        identity = _identity(proved, one)
        if identity in pressed or (how.only is not None and identity not in how.only):
            continue
        checked = is_checked(one.state)
        if checked is not None and checked is not wanted:
            return one
    return None


def boxes_on(proved: Proved) -> tuple[str, ...]:
    """The names of the boxes of a set that are on (empty for anything else): what undo puts back."""
    if proved.version.kind is not Kind.CHECKBOXES:
        return ()
    return tuple(
        _identity(proved, one) for one in proved.controls if is_checked(one.state) is (not proved.version.inverted)
    )


def _identity(proved: Proved, control: ControlView) -> str:
    """A name for one box that survives a redraw: its label, and its place among equal labels."""
    name = control.names[0] if control.names else control.id or control.name or ""
    twins = [one for one in proved.controls if (one.names[:1] or ("",))[0] == (control.names[:1] or ("",))[0]]
    return f"{name}#{twins.index(control)}"


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _agree(first: Examined, second: Examined) -> bool:
    assert first.reading is not None and second.reading is not None  # noqa: S101, PT018 -- the caller looked
    return (first.reading.state, first.reading.selector, first.view.path) == (
        second.reading.state,
        second.reading.selector,
        second.view.path,
    )
