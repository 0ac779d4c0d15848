"""How many controls are found again after a redesign: `python -m benchmarks.drift`, `make bench-drift`.

The practice site's pages are changed the way redesigns change them; each changed page is looked at in a real browser by
the program and, on the same loaded page, by a tool with one selector per setting. What was found is compared with the
page's own truth. A page is looked at, not clicked; a sample of those found is switched as well.
"""

from __future__ import annotations

import argparse
import queue
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.drift_mutations import EVERY, TRUTH
from benchmarks.drift_site import COOKIE, DriftSite, Facts, Variant, make_variants, plain_variants
from optout.browser.launch import Launch, open_browser
from optout.browser.session import Browser, Session
from optout.browser.tab import Tab
from optout.browser.views import RowView
from optout.browser.waiting import Stop
from optout.catalogue.loading import load_catalogue
from optout.catalogue.models import Kind, Setting
from optout.catalogue.scope import with_origin
from optout.controls import Press, Rules, SettingPage, Timing
from optout.directory import Directory
from optout.errors import PageError
from optout.indexes import whose
from optout.ledger import fingerprint
from optout.outcomes import State
from optout.phrases import normalize
from optout.practice.records import PracticeAccount
from optout.practice.signin import SESSION_COOKIE
from optout.relocate import Memory, Relocator
from optout.visits import Pacer, Visitor
from optout.witnesses import Lead, Proved, prove

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "drift.md"
TIMING = Timing(find=0.35, still=0.03, stable=0.05, stable_alone=0.05, quiet=5.0, settle=0.0)
RIGHT, MISSED, WRONG = "right", "not found", "WRONG"


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one variant: for the program, for the tool with one selector, and what there was to go by."""

    variant: Variant
    ours: str
    theirs: str
    survives: bool
    was_relocated: bool
    told: str
    pressed: str | None = None


@dataclass
class Work:
    """What the workers share."""

    site: DriftSite
    directory: Directory
    memories: dict[str, dict[str, Any]]
    todo: queue.SimpleQueue[Variant]
    done: list[Looked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Worker:
    """One tab with cookies of its own, signed in as a member of its own."""

    def __init__(self, browser: Browser, work: Work, member: PracticeAccount, press_every: int) -> None:
        self._work = work
        self._member = member
        self._press_every = press_every
        self._stop = Stop()
        self._session: Session = browser.isolated_session(self._stop)
        self._tab: Tab = self._session.first_tab
        self._visitor = Visitor(work.directory.service, Pacer(0, self._stop), self._stop)
        self._set_cookie(SESSION_COOKIE, work.site.store.open_session(member.username))

    def _set_cookie(self, name: str, value: str) -> None:
        self._session.set_cookie(
            {"name": name, "value": {"type": "string", "value": value}, "domain": "127.0.0.1", "path": "/"}
        )

    def remember(self, variant: Variant) -> dict[str, Any]:
        """What a successful run sees of a setting's control today."""
        setting = self._work.directory.setting(variant.setting_id)
        page = self._load(
            variant,
            setting,
            Lead(variant.path, variant.path, State.ON),
            Rules(self._work.directory, TIMING, self._stop, prove),
        )
        examined = page.examine()
        assert isinstance(examined.verdict, Proved) and examined.reading, (variant, examined.verdict)  # noqa: PT018
        return fingerprint(examined.verdict, examined.reading)

    def work(self) -> None:
        """Look at variants until there are none."""
        while True:
            try:
                variant = self._work.todo.get_nowait()
            except queue.Empty:
                return
            looked = self._look_twice(variant)
            with self._work.lock:
                self._work.done.append(looked)
                if len(self._work.done) % 100 == 0:
                    print(f"{len(self._work.done)} pages", file=sys.stderr)

    def close(self) -> None:
        """Give the session back."""
        self._session.close()

    def _look_twice(self, variant: Variant) -> Looked:
        try:
            return self._look(variant)
        except PageError:  # a slow moment of the machine, not of the page
            return self._look(variant)

    def _look(self, variant: Variant) -> Looked:
        work = self._work
        setting = work.directory.setting(variant.setting_id)
        lead = lead_to(work.directory, setting, variant)
        seen = work.memories if variant.has_history else {}
        rules = Rules(work.directory, TIMING, self._stop, Relocator(work.directory, seen))
        page = self._load(variant, setting, lead or Lead(variant.path, None, State.ON), rules)
        truth = self._await_truth(variant)
        facts = work.site.facts[variant.number]
        memory = Memory.of(seen.get(setting.id))
        survives = lead is not None and two_survive(setting, variant, facts, memory)
        theirs = self._by_one_selector(setting, variant, truth)
        if lead is None:
            return Looked(variant, MISSED, theirs, survives, was_relocated=False, told="no row and no path leads there")
        verdict = page.examine().verdict
        if not isinstance(verdict, Proved):
            return Looked(variant, MISSED, theirs, survives, was_relocated=False, told=verdict.text)
        found = {one.key for one in verdict.controls}
        is_right = found == truth and verdict.version.off_value == facts.off_value and not verdict.version.inverted
        pressed = None
        if is_right and facts.can_be_pressed and variant.number % self._press_every == 0:
            pressed = self._press(page, variant)
        ours = RIGHT if is_right else WRONG
        told = f"{verdict.selector}: {', '.join(verdict.said)}"
        return Looked(variant, ours, theirs, survives, verdict.score is not None, told, pressed)

    def _load(self, variant: Variant, setting: Setting, lead: Lead, rules: Rules) -> SettingPage:
        self._set_cookie(COOKIE, str(variant.number))
        self._visitor.open(self._tab, variant.path)
        return SettingPage(self._tab, setting, lead, rules)

    def _await_truth(self, variant: Variant) -> set[str]:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = self._tab.ask("keys", {"css": f"[{TRUTH}]"})
            if found:
                return set(found)
            self._stop.pause(0.02)
        raise PageError(f"page {variant.number} was not drawn")

    def _by_one_selector(self, setting: Setting, variant: Variant, truth: set[str]) -> str:
        """What the tool does that knows one path and one selector per setting, and trusts them."""
        if "moved-path" in variant.mutations or variant.generation == "2020":
            return MISSED
        is_set = setting.controls[0].kind is Kind.CHECKBOXES
        ctl = next((one.css for one in setting.controls if one.ctl), None)
        css = 'main input[type="checkbox"]' if is_set else ctl or 'main input[role="switch"]'
        found = self._tab.ask("keys", {"css": css, "flat": True})
        chosen = set(found) if is_set else set(found[:1])
        return MISSED if not chosen else RIGHT if chosen == truth else WRONG

    def _press(self, page: SettingPage, variant: Variant) -> str:
        """Switch it off, and compare what the site received with what it should have."""
        before = len(self._work.site.operations)
        page.operate(Press(State.OFF), page.examine())
        mine = [one for one in self._work.site.operations[before:] if one.username == self._member.username]
        wanted = {(one, "off") for one in variant.setting.control_ids}
        received = {(one.control_id, one.after) for one in mine}
        self._work.site.set(self._member.username, variant.setting_id, on=True)
        return RIGHT if received == wanted else WRONG


def lead_to(directory: Directory, setting: Setting, variant: Variant) -> Lead | None:
    """How the program comes to the page: by its index row, by a path that the catalogue knows, or not at all."""
    row = RowView(f"{directory.service.origin}{variant.path}", "", (variant.row_label,))
    if setting.index and whose(directory, row, variant.row_label)[0] == setting.id:
        return Lead(variant.path, variant.path, State.ON)
    return Lead(variant.path, None, State.ON) if setting.id in directory.owners_of_path(variant.path) else None


def two_survive(setting: Setting, variant: Variant, facts: Facts, memory: Memory) -> bool:
    """Whether two witnesses are left on a page that something still leads to (the place is the first).

    The control's own id counts if the catalogue or the last run has it; its label, or the page's heading or title, if
    the catalogue has it in any language or the last run saw it on the control. Place and heading speak for a page, so
    where it has other controls the second witness must be the control's own.
    """
    known = {normalize(one) for one in (setting.title, *_texts(setting))}
    own_id = bool(facts.ids & {*memory.ids, *(one.ctl for one in setting.controls if one.ctl)})
    own_label = facts.label is not None and normalize(facts.label) in known | {normalize(one) for one in memory.names}
    if own_id or own_label:
        return True
    return not facts.others and any(normalize(one) in known for one in (*facts.headings, variant.row_label))


def _texts(setting: Setting) -> Iterable[str]:
    for table in (setting.labels, setting.headings, setting.control_labels):
        for words in table.values():
            yield from words


def look_at(variants: Sequence[Variant], tabs: int, press_every: int) -> list[Looked]:
    """Look at every variant in one browser."""
    members = tuple(PracticeAccount(f"member{number}@practice.test") for number in range(tabs))
    catalogue = load_catalogue()
    todo: queue.SimpleQueue[Variant] = queue.SimpleQueue()
    for one in variants:
        todo.put(one)
    plain = plain_variants()
    with DriftSite([*plain, *variants], members) as site:
        service = with_origin(catalogue.services[0], site.origin)
        work = Work(site, Directory.of(catalogue, service), {}, todo)
        browser = open_browser(Launch(), Stop(), lambda text: print(text, file=sys.stderr))
        try:
            workers = [Worker(browser, work, member, press_every) for member in members]
            work.memories.update({one.setting_id: workers[0].remember(one) for one in plain})
            threads = [threading.Thread(target=worker.work) for worker in workers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            browser.close()
    return work.done


def count(looked: Iterable[Looked], tool: str) -> Counter[str]:
    """How many of each outcome."""
    return Counter(getattr(one, tool) for one in looked)


def table(looked: Sequence[Looked]) -> str:
    """The figures as a table in Markdown."""
    groups: dict[str, list[Looked]] = {name: [] for name in EVERY}
    for one in looked:
        size = len(one.variant.mutations)
        key = one.variant.mutations[0] if size == 1 else f"{size} together" if size < 4 else "4 or 5 together"
        groups.setdefault(key, []).append(one)
    groups["**all**"] = list(looked)
    lines = [
        "| pages | n | right | not found | wrong | two witnesses left | of these right "
        "| one selector: right | not found | wrong |",
        "| --- " + "| ---: " * 9 + "|",
    ]
    for name, members in sorted(groups.items(), key=lambda item: (item[0].startswith("**"), item[0][0].isdigit())):
        ours, theirs = count(members, "ours"), count(members, "theirs")
        left = [one for one in members if one.survives]
        right = sum(one.ours == RIGHT for one in left)
        share = f"{100 * right / len(left):.1f} %" if left else "-"
        cells = [name, len(members), ours[RIGHT], ours[MISSED], ours[WRONG], len(left), share]
        cells += [theirs[RIGHT], theirs[MISSED], theirs[WRONG]]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def summary(looked: Sequence[Looked]) -> Mapping[str, float]:
    """The figures that matter."""
    left = [one for one in looked if one.survives]
    pressed = [one.pressed for one in looked if one.pressed]
    return {
        "pages": len(looked),
        "wrong": sum(one.ours == WRONG for one in looked),
        "two_left": len(left),
        "right_of_two_left": sum(one.ours == RIGHT for one in left),
        "relocated": sum(one.was_relocated for one in looked),
        "pressed": len(pressed),
        "pressed_wrong": sum(one != RIGHT for one in pressed),
    }


def document(looked: Sequence[Looked], seed: int) -> str:
    """docs/drift.md."""
    figures = summary(looked)
    return TEXT.format(seed=seed, table=table(looked), **figures)


TEXT = """\
# After a redesign

Written by `make bench-drift ARGS=--write`; not edited by hand. Seed {seed}, {pages} pages of the practice site, each
changed the way redesigns change pages, each looked at in a real browser. {relocated} controls were found by no version
of the catalogue but again by their witnesses. {pressed} of the controls found were switched as well: {pressed_wrong}
times the site received anything but the one change.

{table}

**right**: the element found is the control, by a mark on the page that neither the program nor any selector looks at;
for radio buttons and selects the value that means off is right too. **not found**: refused, nothing would be clicked.
**wrong**: anything else is taken for the control.

**Two witnesses left** is computed from the changed page's markup, not from what the program found. A page must still be
led to, by its index row or by a path that the catalogue knows (the first witness: the place). The second is the
control's own id (in the catalogue, or seen by the last run), its own label, or the page's heading or title (in the
catalogue in any language; the control's label also if the last run saw it). Path, heading and title speak for a page,
not for one of several controls on it: where a page has other controls, the second witness must be the control's own.
Three pages in four have a last run.

**One selector** is a tool that knows one path and one selector per setting and trusts them: the setting's own
`aria-labelledby` where one is published, else the first `input[role="switch"]` of `main`, and every checkbox of `main`
on pages of boxes. It sees the same loaded pages.

The mutations: hashed classes; new wrappers and other tags; blocks and rows in another order; nothing that marks the
main region; other ids (a suffix, a framework's, other words); another path; the control's label in other words; label,
heading and index row in other words; another language (one in six is not in the catalogue at all); an older
generation's markup; another kind of control (checkbox, button with the switch or checkbox role, radio pair, select,
inside a shadow root); one to three more controls with similar labels. Two things are not among them, because nothing
tells them from a redesign: a page whose control is gone while one other switch stands there alone, under the same path
and heading; and one more box on a page of boxes, where the catalogue says that all boxes are the setting.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; exit code 1 if anything was wrong or too little was right."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--combined", type=int, default=650, help="pages with several mutations")
    parser.add_argument("--rounds", type=int, default=2, help="times each mutation alone on every page")
    parser.add_argument("--tabs", type=int, default=4)
    parser.add_argument("--press-every", type=int, default=25, help="switch one in so many of those found")
    parser.add_argument("--write", action="store_true", help="write docs/drift.md")
    parser.add_argument("--list", action="store_true", help="list what was missed although two witnesses were left")
    parser.add_argument("--only", type=int, action="append", help="look at this page alone, by its number")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    variants = make_variants(options.seed, options.combined, options.rounds)
    wanted = [one for one in variants if not options.only or one.number in options.only]
    looked = look_at(wanted, options.tabs, options.press_every)
    looked.sort(key=lambda one: one.variant.number)
    print(table(looked))
    figures = summary(looked)
    print(", ".join(f"{name} {value}" for name, value in figures.items()), f"{time.monotonic() - began:.0f} s")
    for one in looked:
        if WRONG in (one.ours, one.pressed) or (options.list and one.survives and one.ours != RIGHT):
            print(one.ours, one.pressed, one.variant, one.told)
    if options.write:
        DOCUMENT.write_text(document(looked, options.seed), encoding="utf-8")
    enough = figures["right_of_two_left"] >= 0.99 * figures["two_left"]
    return 0 if enough and not figures["wrong"] and not figures["pressed_wrong"] else 1


if __name__ == "__main__":
    sys.exit(main())
