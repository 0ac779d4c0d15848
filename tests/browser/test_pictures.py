"""What the report's pictures show: the switch and its label, and nothing of the person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from optout.browser.session import Session
from optout.browser.tab import Tab
from optout.browser.waiting import Stop
from optout.practice.site import PracticeSite
from tests.browser.test_secrets import pictured
from tests.harness import Bench, SharedBrowser

pytestmark = pytest.mark.browser

STYLE = """<style>*{margin:0;font:16px/20px sans-serif} div *{position:absolute;height:20px}
input{left:400px;top:100px;width:1px;clip-path:inset(50%)} label{left:400px;top:100px;width:60px}
#name{left:20px;top:100px;width:200px} .between{left:250px;top:100px;width:100px}</style>"""
SWITCH = '<input type="checkbox" role="switch" aria-labelledby="name"><label></label>'
LABEL = '<p id="name">Use my data for ads</p>'


@pytest.fixture
def tab(shared_browser: SharedBrowser) -> Iterator[Tab]:
    from optout.browser.launch import Launch

    session: Session = shared_browser.open_session(Launch(), Stop(), lambda _: None)
    yield session.first_tab
    session.close()


def box_of(tab: Tab, row: str) -> dict[str, float]:
    page = f"<!doctype html><title>t</title>{STYLE}<main><h1></h1><div>{row}</div></main>"
    tab.load("data:text/html," + quote(page))
    spec = {"main": ["main"], "versions": [{"css": "input", "region": "main"}], "all": False, "signs": []}
    (control,) = tab.ask("controls", spec)["controls"]
    box: dict[str, float] = tab.ask("box", {"key": control["key"]})
    return box


def test_a_picture_reaches_from_the_label_to_the_switch(tab: Tab) -> None:
    assert box_of(tab, LABEL + SWITCH) == {"x": 16, "y": 96, "width": 448, "height": 28}


@pytest.mark.parametrize(
    "between",
    ['<p class="between">Ada Lovelace</p>', '<img class="between" alt=""><a class="between" href="/in/ada">.</a>'],
)
def test_a_picture_leaves_the_label_out_where_something_else_is_in_between(tab: Tab, between: str) -> None:
    assert box_of(tab, LABEL + between + SWITCH) == {"x": 396, "y": 96, "width": 68, "height": 28}


def test_a_control_that_is_nowhere_to_be_seen_has_no_picture(tab: Tab) -> None:
    assert box_of(tab, LABEL + SWITCH.replace("<label>", '<label style="display:none">')) is None


def test_boxes_that_are_named_after_schools_have_no_picture(
    site: PracticeSite, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    done = pictured(Bench(tmp_path, shared_browser), site, "ads-education")
    assert [one.outcome for one in done.result.accounts[0].settings] == ["turned-off"]
    assert done.pictures == {}
