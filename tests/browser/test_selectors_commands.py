"""`optout selectors check` and `record`: what is still right, and how it is repaired without a line of Python."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from optout.catalogue.loading import load_catalogue
from optout.fleet import Orders
from optout.outcomes import Outcome, SettingResult
from optout.practice.site import PracticeSite
from optout.recorder import Proposal, RecordRun, Wish
from optout.runner import Means, Task
from tests.harness import Bench, SharedBrowser
from tests.machine import BROWSER, Machine
from tests.matrix import MEMBER

pytestmark = pytest.mark.browser
OWN = "selectors.yaml"


@pytest.fixture
def redesigned(site: PracticeSite) -> Iterator[PracticeSite]:
    """The age page's switch is a plain checkbox now, beside a switch that is something else."""

    def rewrite(path: str, html: str) -> str:
        if not path.endswith("/ads-by-age"):
            return html
        stranger = '<p><button type="button" role="switch" aria-checked="true" aria-label="Age news">·</button></p>'
        return html.replace('role="switch"', "").replace("</h1>", f"</h1>{stranger}", 1)

    site.rewrite = rewrite
    yield site
    site.rewrite = None


def checked(machine: Machine, *only: str) -> tuple[int, dict[str, dict[str, Any]]]:
    wanted = [part for one in only for part in ("--only", one)]
    ended = machine.run("selectors", "check", "me", "--origin", machine.site.origin, "--json", *BROWSER, *wanted)
    document = json.loads(ended.stdout)
    assert document["command"] == "selectors check"
    return ended.code, {one["id"]: one for one in document["accounts"][0]["settings"]}


def test_check_names_version_and_witnesses_and_clicks_nothing(machine: Machine) -> None:
    code, settings = checked(machine, "ads-age", "ads-education")
    assert code == 0
    age, education = settings["ads-age"], settings["ads-education"]
    assert (age["fit"], age["selector"], age["needs"]) == ("fits", "2026-07", None)
    assert age["witnesses"] == ["path /mypreferences/d/settings/ads-by-age", "heading 'Age range'", "id allowAdsByAge"]
    assert education["needs"] == (
        "its page is at /mypreferences/d/settings/advertising-schools-and-fields now; "
        "keep it: optout selectors record ads-education"
    )
    assert machine.site.operations == ()


def test_after_a_redesign_check_says_found_again_record_repairs_it_and_run_uses_it(
    machine: Machine, redesigned: PracticeSite
) -> None:
    code, settings = checked(machine, "ads-age")
    assert (code, settings["ads-age"]["fit"], settings["ads-age"]["selector"]) == (1, "found again", "relocated")
    assert settings["ads-age"]["score"] > 0.35
    assert settings["ads-age"]["needs"].endswith("keep what was found: optout selectors record ads-age")
    where = ("--origin", redesigned.origin, *BROWSER)
    recorded = machine.run("selectors", "record", "ads-age", "me", *where, "--yes", "--headless")
    assert recorded.code == 0, recorded.stderr
    own = YAML(typ="safe").load((machine.home / OWN).read_text())
    version = own["services"][0]["settings"][0]["controls"][0]
    assert (version["css"], version["ctl"], version["evidence"]) == (
        'input[type="checkbox"][aria-labelledby="allowAdsByAge"]',
        "allowAdsByAge",
        "local",
    )
    code, settings = checked(machine, "ads-age")
    assert (code, settings["ads-age"]["fit"], settings["ads-age"]["selector"]) == (0, "fits", version["id"])
    assert list(redesigned.operations) == []
    ran = machine.run(*machine.work("ads-age"))
    assert (ran.code, ran.outcomes()) == (0, {"ads-age": "turned-off"})
    assert ran.account["settings"][0]["selector"] == version["id"]
    assert [one.control_id for one in redesigned.operations] == ["ads-age"]
    patch = machine.run("selectors", "export").stdout
    assert f'+          - id: "{version["id"]}"' in patch


def test_a_run_after_a_redesign_says_relocated_with_its_score(machine: Machine, redesigned: PracticeSite) -> None:
    ran = machine.run(*machine.work("ads-age"))
    one: dict[str, Any] = ran.account["settings"][0]
    assert (ran.code, one["outcome"], one["selector"]) == (0, "turned-off", "relocated")
    assert one["score"] > 0.35
    assert [each.control_id for each in redesigned.operations] == ["ads-age"]


def test_without_a_terminal_and_without_yes_nothing_is_written(machine: Machine) -> None:
    where = ("--origin", machine.site.origin, *BROWSER)
    ended = machine.run("selectors", "record", "ads-age", "me", *where, "--headless")
    assert ended.code == 1
    assert "Nothing was written: there is no terminal to ask on. Write it with --yes" in ended.stderr
    assert not (machine.home / OWN).exists()


def test_an_unknown_setting_is_refused_before_anything_is_opened(machine: Machine) -> None:
    ended = machine.run("selectors", "record", "ads-agee", "me", "--origin", machine.site.origin)
    assert (ended.code, machine.site.requests) == (2, ())
    assert "There is no setting 'ads-agee'" in ended.stderr


class Pointing:
    """A record by click, with somebody who clicks on what `css` finds once they are asked to."""

    def __init__(self, bench: Bench, css: str) -> None:
        self._bench = bench
        self._css = css
        self.proposals: list[Proposal] = []

    def record(self, site: PracticeSite, setting_id: str, wish: Wish) -> SettingResult:
        errand = self._bench.errand(site, MEMBER, only=[setting_id], totp=True)
        orders = Orders("selectors record", dry_run=True, tabs=1, make=self._make(wish))
        return self._bench.carry_out([errand], orders).accounts[0].settings[0]

    def _make(self, wish: Wish) -> Callable[[Task, Means], RecordRun]:
        def make(task: Task, means: Means) -> RecordRun:
            run = RecordRun(task, means, wish, self.proposals.append, lambda _: self._press(run))
            return run

        return make

    def _press(self, run: RecordRun) -> None:
        """The person's hand: presses the pointer on the middle of an element, from another thread."""
        tab = run._open_session().first_tab
        key = tab.ask("keys", {"css": self._css})[0]
        box = tab.ask("box", {"key": key})
        point = int(box["x"] + box["width"] / 2), int(box["y"] + box["height"] / 2)
        hand = threading.Thread(target=tab.point_and_press, args=point)
        hand.start()
        hand.join()


@pytest.fixture
def bench(tmp_path: Path, shared_browser: SharedBrowser) -> Bench:
    return Bench(tmp_path, shared_browser, load_catalogue())


def test_the_persons_click_shows_the_control_and_switches_nothing(bench: Bench, redesigned: PracticeSite) -> None:
    pointing = Pointing(bench, 'main input[type="checkbox"]')
    result = pointing.record(redesigned, "ads-age", Wish(by_click=True, click_seconds=10))
    assert result.reason == "only its selectors were looked at"
    (proposal,) = pointing.proposals
    assert proposal.version.css == 'input[type="checkbox"][aria-labelledby="allowAdsByAge"]'
    assert proposal.found_by == "your click"
    assert redesigned.operations == ()


def test_a_click_on_another_settings_control_is_refused(bench: Bench, site: PracticeSite) -> None:
    site.rewrite = lambda _, html: html.replace("allowAdsByAge", "allowAdsByGender")
    pointing = Pointing(bench, "main input[role=switch]")
    try:
        result = pointing.record(site, "ads-age", Wish(by_click=True, click_seconds=10))
    finally:
        site.rewrite = None
    assert (result.outcome, pointing.proposals) == (Outcome.NOT_FOUND, [])
    assert result.reason == "this is the control of 'Gender', not of 'Age range'"


def test_a_label_that_says_the_opposite_is_recorded_only_as_declared(bench: Bench, site: PracticeSite) -> None:
    site.use("inverted-undeclared")
    pointing = Pointing(bench, "main input[role=switch]")
    result = pointing.record(site, "ads-age", Wish(by_click=True, click_seconds=10))
    assert result.outcome is Outcome.NOT_FOUND
    assert result.reason is not None
    assert result.reason.endswith("seems to say the opposite: if checked means opted out, add --inverted")
    pointing.record(site, "ads-age", Wish(by_click=True, inverted=True, click_seconds=10))
    pointing.record(site, "ads-age", Wish(inverted=True))  # the page's only control needs no click
    assert [one.version.inverted for one in pointing.proposals] == [True, True]
    assert pointing.proposals[1].found_by.startswith("you, and path ")
    assert site.operations == ()
