"""A look at one setting's page that ends in a proposal: a version that finds its control as it is today."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from optout.browser.recognition import PageKind, signs_to_look_for
from optout.browser.tab import Tab
from optout.browser.views import ControlView, PageView, page_view, trim_path
from optout.cases import Case, conclude
from optout.catalogue.models import ControlVersion, Evidence, Kind, PathVersion, Setting
from optout.controls import Examined, SettingPage
from optout.errors import OptoutError
from optout.outcomes import Outcome, now
from optout.recording import propose
from optout.relocate import Memory, candidates_for, own_witnesses, similarity
from optout.runner import AccountRun, Means, Task
from optout.tabs import Tabs
from optout.witnesses import NEEDED, Lead, Proved, Refused, Witness, own_texts, page_witnesses

CLICK_SECONDS = 300.0


class NothingToRecord(OptoutError):
    """No version can be proposed; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A version to be written, with what it was found by. `path`: the page's, where the catalogue does not know it."""

    setting: Setting
    version: ControlVersion
    path: PathVersion | None
    url: str
    label: str
    found_by: str


@dataclass(frozen=True, slots=True)
class Wish:
    """How a version is recorded: by the person's own click or not, and what they declare of it."""

    by_click: bool = False
    inverted: bool = False
    click_seconds: float = CLICK_SECONDS


class RecordRun(AccountRun):
    """Opens one setting's page and hands a proposal to `offer` while the page is still open. Switches nothing."""

    def __init__(
        self, task: Task, means: Means, wish: Wish, offer: Callable[[Proposal], None], tell: Callable[[str], None]
    ) -> None:
        super().__init__(replace(task, dry_run=True), means)
        self._wish = wish
        self._offer = offer
        self._tell = tell

    def _work_on_cases(self, tabs: Tabs) -> None:
        del tabs  # one page at a time, where the person sees it
        session = self._open_session()
        for index in self._survey.needed(self._cases):
            self._survey.read(session, session.first_tab, index.id)
        for case in self._cases:
            self._survey.tell(case)
            try:
                self._offer(self._record(case, session.first_tab))
            except NothingToRecord as error:
                conclude(case, Outcome.NOT_FOUND, reason=str(error))

    def _record(self, case: Case, tab: Tab) -> Proposal:
        examined = self._find_page(case, tab)
        verdict = examined.verdict
        if self._wish.by_click:
            version, controls = self._by_click(case.setting, tab, examined)
            found_by = "your click"
        elif isinstance(verdict, Proved):
            version, controls = self._as_declared(verdict.version), verdict.controls
            found_by = f"{verdict.selector}: {', '.join(verdict.said)}"
        elif self._wish.inverted:
            version, controls, found_by = self._declared_inverted(case, tab, verdict)
        else:
            raise NothingToRecord(
                f"{verdict.text}. Show it yourself: optout selectors record {case.setting.id} --click"
            )
        case.reading = examined.reading
        conclude(case, Outcome.NOT_REACHED, reason="only its selectors were looked at")
        view = self._view(tab, ())
        if not view.has_main:
            version = version.model_copy(update={"region": "page"})
        tab.ask("mark", {"keys": [one.key for one in controls]})
        day = now().date()
        proposed = propose(controls, version, lambda css: self._fits(tab, version, css, controls), day)
        if proposed is None:
            raise NothingToRecord(
                f"the control on {view.path} has no id, name or other lasting attribute of its own that tells it from "
                "the others; write a version by hand (docs/selectors.md)"
            )
        label = next((text for one in controls for text in own_texts(self._means.directory, one)), "no label")
        return Proposal(case.setting, proposed, _new_path(case.setting, view, day), view.url, label, found_by)

    def _find_page(self, case: Case, tab: Tab) -> Examined:
        """The page where the control is proved, else the first that could be read."""
        paths = ([case.row_path] if case.row_path else []) + [one.path for one in case.setting.paths]
        readable: list[tuple[str, Examined]] = []
        for path in dict.fromkeys(map(trim_path, paths)):
            examined = self._examine(case, tab, path)
            if isinstance(examined.verdict, Proved):
                return examined
            if examined.recognized.kind is PageKind.READY:
                readable.append((path, examined))
        if not readable:
            raise NothingToRecord(f"no page of '{case.setting.title}' could be opened; its index does not list it")
        if len(readable) > 1:
            return self._examine(case, tab, readable[0][0])
        return readable[0][1]

    def _examine(self, case: Case, tab: Tab, path: str) -> Examined:
        self._means.visitor.open(tab, path)
        return SettingPage(tab, case.setting, Lead(path, case.row_path), self._desk().rules).examine()

    def _by_click(
        self, setting: Setting, tab: Tab, examined: Examined
    ) -> tuple[ControlVersion, tuple[ControlView, ...]]:
        """The control that the person points at, and what it would be as a version."""
        tab.ask("pick")
        self._tell(
            f"Click the switch of '{setting.title}' in the browser. The click is only noted, it switches nothing."
        )
        deadline = time.monotonic() + self._wish.click_seconds
        while (key := tab.ask("pickedKey")) is None:
            if time.monotonic() >= deadline:
                raise NothingToRecord(f"no control was clicked within {self._wish.click_seconds:g} seconds")
            self._means.stop.pause(0.2)
        directory = self._means.directory
        view = self._view(tab, ())
        memory, page = Memory(), dict.fromkeys((Witness.PLACE,), "the person's click")
        candidates = candidates_for(directory, setting, view)
        chosen = [one for one in candidates if any(control.key == key for control in one.controls)]
        if not chosen:
            raise NothingToRecord(
                f"what was clicked on {examined.view.path} is no control that can stand for '{setting.title}': a "
                "switch, or a choice in which it is plain which value means off"
            )
        found = max(chosen, key=lambda one: similarity(directory, setting, one, page, memory))
        self._refuse_strangers(setting, found.controls, view.lang)
        return self._as_declared(found.version), found.controls

    def _as_declared(self, version: ControlVersion) -> ControlVersion:
        if not self._wish.inverted:
            return version
        if version.kind in (Kind.RADIOS, Kind.SELECT):
            raise NothingToRecord("this control is a choice: which value means off says its version, so no --inverted")
        return version.model_copy(update={"inverted": True})

    def _declared_inverted(
        self, case: Case, tab: Tab, refused: Refused
    ) -> tuple[ControlVersion, tuple[ControlView, ...], str]:
        """The page's one control, refused for a label that says the opposite, as the person declares it to be."""
        directory, setting = self._means.directory, case.setting
        view = self._view(tab, ())
        page = page_witnesses(directory, setting, view, Lead(view.path, case.row_path))
        candidates = candidates_for(directory, setting, view)
        if isinstance(page, Refused) or len(candidates) != 1:
            raise NothingToRecord(
                f"{refused.text}. Show it yourself: optout selectors record {setting.id} --inverted --click"
            )
        found = candidates[0]
        self._refuse_strangers(setting, found.controls, view.lang)
        said = {**page, **own_witnesses(directory, setting, found)}
        if len(said) < NEEDED:
            raise NothingToRecord(f"{refused.text}; too little speaks for the page's one control")
        return self._as_declared(found.version), found.controls, f"you, and {', '.join(said.values())}"

    def _refuse_strangers(self, setting: Setting, controls: tuple[ControlView, ...], lang: str) -> None:
        directory = self._means.directory
        is_inverted = self._wish.inverted or any(one.inverted for one in setting.controls)
        for one in controls:
            texts = own_texts(directory, one)
            owners = directory.owners_of_ids(one.own_ids) | directory.owners_of_label(texts)
            if owners and setting.id not in owners:
                other = directory.setting(sorted(owners)[0]).title
                raise NothingToRecord(f"this is the control of '{other}', not of '{setting.title}'")
            if not is_inverted and any(directory.is_negated(text, lang, apart_from=setting.id) for text in texts):
                raise NothingToRecord(
                    f"its label '{texts[0]}' seems to say the opposite: if checked means opted out, add --inverted"
                )

    def _fits(self, tab: Tab, version: ControlVersion, css: str, controls: tuple[ControlView, ...]) -> bool:
        view = self._view(tab, ({"css": css, "region": version.region},))
        return {view.controls[at].key for at in view.matches[0]} == {one.key for one in controls}

    def _view(self, tab: Tab, versions: tuple[dict[str, str], ...]) -> PageView:
        service = self._means.directory.service
        spec = {
            "main": [one.css for one in service.main],
            "signs": signs_to_look_for(service),
            "versions": versions,
            "all": True,
        }
        return page_view(tab.ask("controls", spec))


def _new_path(setting: Setting, view: PageView, day: date) -> PathVersion | None:
    if view.path in {trim_path(one.path) for one in setting.paths}:
        return None
    return PathVersion(id=day.isoformat(), seen=day, evidence=Evidence.LOCAL, path=view.path)


def describe_version(version: ControlVersion) -> str:
    """A proposed version in one line."""
    parts = [version.css]
    if version.kind is not Kind.SWITCH:
        parts.append(f"kind {version.kind}")
    if version.off_value:
        parts.append(f"off is '{version.off_value}'")
    if version.inverted:
        parts.append("checked means opted out")
    return ", ".join(parts)
