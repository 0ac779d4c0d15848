"""One setting's way through a run: examine, apply, verify. Each step ends in a result or names the next step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlsplit

from optout.absence import shown_instead
from optout.browser.recognition import PageKind, Recognized
from optout.browser.tab import Tab
from optout.browser.views import trim_path
from optout.catalogue.models import Setting
from optout.controls import (
    Examined,
    Operated,
    Press,
    Rules,
    ServiceWorkerInTheWay,
    SettingPage,
    boxes_on,
    chosen_value,
)
from optout.errors import PageError
from optout.indexes import IndexReading
from optout.outcomes import Outcome, Reading, SettingResult, State
from optout.visits import Visitor
from optout.witnesses import Lead, Proved, Refusal, Refused

TRIES = 2


class Step(StrEnum):
    """What is to be done next for a setting."""

    EXAMINE = "examine"
    VERIFY = "verify"
    DONE = "done"


class SignedOut(PageError):
    """The page asked for is behind a sign-in; the step is to be taken again once signed in."""


class AccountEnds(PageError):
    """Nothing more can be done for this account (a challenge); `recognized` says why."""

    def __init__(self, recognized: Recognized) -> None:
        super().__init__(recognized.detail)
        self.recognized = recognized


@dataclass(slots=True)
class Case:
    """What is known of one setting in this run. Only the worker that has taken it changes it."""

    setting: Setting
    target: State = State.OFF
    listed: Reading | None = None
    row_path: str | None = None
    index_problem: str | None = None  # why its index could not be read
    verified: State | None = None
    before: State | None = None
    went_along: bool = False  # it was on, and a setting was switched that takes this one along
    is_confirmed: bool = False  # its index was read after the last change, and compared with its own page
    step: Step = Step.EXAMINE
    not_before: float = 0.0
    read_at: float = 0.0  # when its page was last asked for before anything was clicked (monotonic clock)
    tries: int = 0
    is_outdated: bool = False  # its control was pressed after `reading`
    faults: int = 0
    sign_outs: int = 0  # how often its page asked to sign in
    has_hung: bool = False  # its page, or one that shares a process with it, did not answer any more
    is_slow: bool = False  # that happened in this run: its pages are given more time from then on
    intents: list[int] = field(default_factory=list)
    restore: tuple[str, ...] | None = None
    restore_value: str | None = None
    refused_save: str | None = None
    asked: str | None = None  # what the page asked when it was operated last, if that was not answered
    reading: Reading | None = None
    page_path: str | None = None
    result: SettingResult | None = None

    @property
    def was_operated(self) -> bool:
        """Whether its control was pressed in this run."""
        return self.tries > 0


class Ledger(Protocol):
    """Where intents and readings are kept, durably, before and after a control is operated."""

    def intend(self, case: Case, reading: Reading, detail: Mapping[str, Any]) -> int:
        """Keep what is about to be changed; on the disk when this returns."""

    def saw(self, case: Case, role: str, reading: Reading, proved: Proved) -> None:
        """Keep a reading."""

    def picture(self, case: Case, role: str, tab: Tab, proved: Proved) -> None:
        """Keep a picture of the control, where pictures are wanted."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every case of one account's run needs.

    `taken_along`: the settings that are on and may go off with one. `has_switched`: whether the run switched anything.
    """

    rules: Rules
    visitor: Visitor
    ledger: Ledger
    dry_run: bool
    reread_index: Callable[[Tab, str], IndexReading | None]
    taken_along: Callable[[Case], Sequence[Case]] = lambda _: ()
    has_switched: Callable[[], bool] = lambda: False


def examine(case: Case, desk: Desk, tab: Tab) -> None:
    """Read a setting on its own page; switch it where that is wanted and allowed."""
    case.read_at = time.monotonic()
    found, page = _find_page(case, desk, tab)
    if found is None or page is None:
        return
    proved, reading = found.verdict, found.reading
    assert isinstance(proved, Proved) and reading is not None  # noqa: S101, PT018 -- _find_page returns no other
    desk.ledger.saw(case, "before", reading, proved)
    case.before = case.before or reading.state
    case.reading, case.page_path = reading, _way_to(case, page.lead, reading)
    if reading.state is State.UNKNOWN:
        conclude(case, Outcome.UNREADABLE, reason=f"its state cannot be told: {reading.detail}")
    elif _is_reached(case, reading.state, proved):
        _already_there(case, desk, tab, reading)
    elif desk.dry_run:
        _would_turn_off(case, desk, tab, reading)
    else:
        _apply(case, desk, tab, page, found)


def verify(case: Case, desk: Desk, tab: Tab) -> None:
    """Re-read a setting that was operated, from a fresh load of its own page."""
    found, page = _find_page(case, desk, tab)
    if found is None or page is None:
        return
    proved, reading = found.verdict, found.reading
    assert isinstance(proved, Proved) and reading is not None  # noqa: S101, PT018
    desk.ledger.saw(case, "after", reading, proved)
    case.reading, case.is_outdated = reading, False
    if _is_reached(case, reading.state, proved):
        came_on = "it was off at first, came on during the run, and was switched off again"
        is_new = case.target is State.OFF and case.before is State.OFF
        outcome = Outcome.TURNED_OFF if case.target is State.OFF else Outcome.RESTORED
        conclude(case, outcome, reason=came_on if is_new else None)
    elif reading.state is State.UNKNOWN:
        conclude(case, Outcome.UNREADABLE, reason=f"it was changed, but its state cannot be told: {reading.detail}")
    elif case.tries < TRIES:
        _apply(case, desk, tab, page, found)
    else:
        times = "one try" if len(case.intents) == 1 else f"{len(case.intents)} tries"
        why = f"{_why_not_saved(case)}; after {times} a fresh page still says {reading.state}"
        conclude(case, Outcome.NOT_SAVED, reason=why)


def conclude(case: Case, outcome: Outcome, *, reason: str | None = None) -> None:
    """Give a case its result."""
    reading = case.reading
    case.step = Step.DONE
    said = None if case.is_outdated else reading
    case.result = SettingResult(
        id=case.setting.id,
        group=case.setting.group,
        title=case.setting.title,
        outcome=outcome,
        url=reading.url if reading else None,
        before=case.before,
        after=said.state if said else None,
        reason=reason,
        selector=reading.selector if reading else None,
        checked_at=said.at if said else None,
        witnesses=reading.witnesses if reading else (),
        score=reading.score if reading else None,
    )


def take_again(case: Case) -> None:
    """Take back a case's result: its last step is to be done anew."""
    case.result = None
    case.step = Step.VERIFY if case.was_operated else Step.EXAMINE


def _way_to(case: Case, lead: Lead, reading: Reading) -> str:
    """The path to re-read a setting at: its page's own, or its index row's where that led on to an unknown one."""
    path = urlsplit(reading.url).path
    by_row = case.row_path is not None and trim_path(lead.path) == trim_path(case.row_path)
    return lead.path if by_row else path


def _is_reached(case: Case, state: State, proved: Proved) -> bool:
    if case.target is State.OFF:
        return state is State.OFF
    if case.restore:
        return set(case.restore) <= set(boxes_on(proved))
    return state is State.ON


def _already_there(case: Case, desk: Desk, tab: Tab, reading: Reading) -> None:
    """It is as wanted without a click: settle what the index says."""
    if case.went_along:
        # What its index said before that is out of date; it is asked again when everything has settled.
        _taken_along(case, desk, reading)
        return
    listed = _listed_now(case, desk, tab, contradicts=State.ON)
    if listed and listed.state is not reading.state and case.target is State.OFF:
        conclude(case, Outcome.UNREADABLE, reason=f"two readings disagree: {reading}; but {listed}")
    elif case.target is State.ON:
        # Put back by someone else; kept as done, so that another undo does not go against a later choice.
        case.intents.append(desk.ledger.intend(case, reading, {"found": True}))
        conclude(case, Outcome.RESTORED)
    elif case.before is not None and case.before.is_operable:
        _taken_along(case, desk, reading)
    else:
        conclude(case, Outcome.ALREADY_OFF)


def _taken_along(case: Case, desk: Desk, reading: Reading) -> None:
    """Another setting's switching took this one along: it is a change of this run, and undo must know it."""
    case.intents.append(desk.ledger.intend(case, reading, {"cascade": True}))
    conclude(case, Outcome.TURNED_OFF)


def _would_turn_off(case: Case, desk: Desk, tab: Tab, reading: Reading) -> None:
    listed = _listed_now(case, desk, tab, contradicts=State.OFF)
    if listed and listed.state is State.OFF:
        conclude(case, Outcome.UNREADABLE, reason=f"two readings disagree: {reading}; but {listed}")
    else:
        conclude(case, Outcome.WOULD_TURN_OFF)


def _apply(case: Case, desk: Desk, tab: Tab, page: SettingPage, found: Examined) -> None:
    """Operate a control that was read as not wanted a moment ago, unless something speaks against it."""
    proved, reading = found.verdict, case.reading
    assert isinstance(proved, Proved) and reading is not None  # noqa: S101, PT018 -- it was just read
    if all(one.state.disabled for one in proved.controls):
        conclude(case, Outcome.FAILED, reason=f"the site has greyed the control out, so it stays {reading.state}")
        return
    # To put back what reads off is what the person wants, whatever a list says that lags behind.
    asks_index = case.target is State.OFF and not case.was_operated
    listed = _listed_now(case, desk, tab, contradicts=State.OFF) if asks_index else None
    if listed and listed.state is State.OFF:
        conclude(
            case, Outcome.UNREADABLE, reason=f"two readings disagree, so nothing was clicked: {reading}; but {listed}"
        )
        return
    if listed is not None and listed is not case.listed:
        case.step = Step.EXAMINE  # the index was read again in this tab: the page has to be loaded anew
        case.listed = listed
        if desk.has_switched():
            case.before = State.OFF  # as its index said first: it came on since, and an undo has nothing to put back
        return
    desk.visitor.check()
    detail = {"boxes": boxes_on(proved), "value": chosen_value(proved)}
    case.intents.append(desk.ledger.intend(case, reading, detail))
    for other in desk.taken_along(case):
        # Kept before the click as well: a run that is ended right after it never reads these.
        assert other.listed is not None  # noqa: S101 -- it is known to be on by its index
        desk.ledger.intend(other, other.listed, {"cascade": True})
    case.tries += 1
    how = Press(case.target, only=case.restore, value=case.restore_value, by_pointer=case.tries > 1)
    case.step = Step.VERIFY  # whatever comes of it: what may have been clicked is read anew before anything else
    case.is_outdated = True
    try:
        operated = page.operate(how, found)
    except PageError:
        case.not_before = time.monotonic() + desk.rules.timing.settle
        raise
    _note_operated(case, desk, operated)


def _why_not_saved(case: Case) -> str:
    if case.asked:
        return f'the page asked a question that is yours to answer ("{case.asked}"), and the change was not kept'
    return "the site did not keep the change" + (f": {case.refused_save}" if case.refused_save else "")


def _note_operated(case: Case, desk: Desk, operated: Operated) -> None:
    case.refused_save, case.asked = operated.refused, operated.asked
    if operated.clicked:
        case.faults = 0  # what went wrong on the way to the click is no reason not to look what became of it
    elif operated.why:
        case.is_outdated = False
        case.faults += 1
        if case.faults >= TRIES:
            conclude(case, Outcome.FAILED, reason=f"the control could not be operated: {operated.why}")
            return
    case.not_before = time.monotonic() + desk.rules.timing.settle


def _listed_now(case: Case, desk: Desk, tab: Tab, *, contradicts: State) -> Reading | None:
    """What the index says, read afresh first where it contradicts what was just read."""
    if case.listed is None or case.listed.state is not contradicts or case.setting.index is None:
        return case.listed
    again = desk.reread_index(tab, case.setting.index)
    return again.reading(case.setting.id) if again else case.listed


def _find_page(case: Case, desk: Desk, tab: Tab) -> tuple[Examined | None, SettingPage | None]:
    """The first of the setting's addresses where its control is proved; otherwise the case gets its result."""
    refusals: list[Refused] = []
    failed: str | None = None
    shown: str | None = None
    tried: set[str] = set()
    for path in _addresses(case):
        if trim_path(path) in tried:
            continue
        tried.add(trim_path(path))
        examined, page = _examine_at(case, desk, tab, _lead(case, path))
        kind = examined.recognized.kind
        if kind is PageKind.SIGNED_OUT:
            raise SignedOut("signed out in the middle of the run")
        if kind in (PageKind.CHALLENGE, PageKind.REFUSED):
            raise AccountEnds(examined.recognized)
        if kind is PageKind.SLOWED_DOWN:
            desk.visitor.slow_down(examined.recognized.detail)
            desk.visitor.check()
        if kind is PageKind.ERROR:
            raise PageError(f"{desk.rules.directory.service.origin}{path}: {examined.recognized.detail}")
        tried.add(examined.view.path)
        if examined.reading is not None:
            return examined, page
        verdict = examined.verdict
        assert isinstance(verdict, Refused)  # noqa: S101 -- proved controls have a reading
        refusals.append(verdict)
        said = desk.rules.directory.trouble_in(examined.view.said)
        if said and kind is PageKind.READY and verdict.why is Refusal.ABSENT:
            failed = failed or f"{examined.view.url}: the page says that it failed: '{said}'"
        if kind is PageKind.READY and verdict.why is Refusal.ABSENT:
            shown = shown or shown_instead(desk.rules.directory, case.setting, examined.view)
    if failed:
        raise PageError(failed)
    _not_found(case, desk, tab, refusals, shown)
    return None, None


def _examine_at(case: Case, desk: Desk, tab: Tab, lead: Lead) -> tuple[Examined, SettingPage]:
    page = SettingPage(tab, case.setting, lead, desk.rules)
    desk.visitor.arrive(tab, lead.path)
    for _ in range(TRIES):
        try:
            return page.examine(lambda seen: _picture(case, desk, tab, seen)), page
        except ServiceWorkerInTheWay:
            desk.visitor.reopen_without_worker(tab, lead.path)
    return page.examine(), page


def _picture(case: Case, desk: Desk, tab: Tab, seen: Examined) -> None:
    """Keep a picture of what is about to be changed, or was changed; the next reading has to agree with it."""
    assert isinstance(seen.verdict, Proved) and seen.reading is not None  # noqa: S101, PT018 -- it was read
    is_known = seen.reading.state is not State.UNKNOWN
    if is_known and _is_reached(case, seen.reading.state, seen.verdict) is case.was_operated:
        desk.ledger.picture(case, "after" if case.was_operated else "before", tab, seen.verdict)


def _lead(case: Case, path: str) -> Lead:
    is_listed = case.listed is not None and not (case.was_operated or case.went_along)
    return Lead(path, case.row_path, _expected(case), is_listed=is_listed)


def _expected(case: Case) -> State | None:
    """What something else says of the state: the index; after a change, where the index will be asked, the target."""
    if case.was_operated or case.went_along:
        return case.target if case.listed else None
    return case.listed.state if case.listed else case.verified


def _addresses(case: Case) -> list[str]:
    """Where a setting's page may be, best first: where it was found before, its index row, its known paths."""
    if case.page_path:
        return [case.page_path]
    return ([case.row_path] if case.row_path else []) + [version.path for version in case.setting.paths]


def _not_found(case: Case, desk: Desk, tab: Tab, refusals: list[Refused], shown: str | None) -> None:
    """No control was proved anywhere: not offered, or merely not found? `shown`: what its own page has instead."""
    told = [one for one in refusals if one.why is not Refusal.ABSENT]
    if case.was_operated:
        conclude(case, Outcome.UNREADABLE, reason=f"it was changed, but afterwards {_text(refusals)}")
        return
    doubt = None if told else shown or _doubt_of_absence(case, desk, tab)
    if not told and doubt is None:
        case.reading = None
        conclude(case, Outcome.NOT_OFFERED)
        return
    unproved = f"; that it is not offered is not proved: {doubt}" if doubt else ""
    blind = f"; its index could not be read ({case.index_problem})" if case.index_problem and not doubt else ""
    conclude(case, Outcome.NOT_FOUND, reason=f"{_text(told or refusals)}{unproved}{blind}; nothing was clicked")


def _doubt_of_absence(case: Case, desk: Desk, tab: Tab) -> str | None:
    """What a fresh index lacks to prove that the setting is not offered (proof rule 5); None if it proves it."""
    if case.setting.index is None:
        return "no index lists it"
    index = desk.reread_index(tab, case.setting.index)
    if index is None:
        return "its index could not be read" + (f" ({case.index_problem})" if case.index_problem else "")
    doubt = index.doubt_of_absence(desk.rules.directory, case.setting)
    return f"its index {doubt}" if doubt else None


def _text(refusals: list[Refused]) -> str:
    return refusals[0].text if refusals else "no page is known where its control could be"
