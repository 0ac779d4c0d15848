"""What is seen of an index in the browser: its rows, the values drawn as pictures, and whether a part is folded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from optout.browser.launch import Launch
from optout.browser.tab import Tab
from optout.browser.waiting import Stop
from tests.harness import SharedBrowser

pytestmark = pytest.mark.browser
ROW = '<ul><li><a href="https://site.test/x"><span>Age range</span>{}</a></li></ul>'


@pytest.fixture(scope="module")
def tab(shared_browser: SharedBrowser) -> Iterator[Tab]:
    session = shared_browser.open_session(Launch(), Stop(), lambda _: None)
    yield session.first_tab
    session.close()


def index(tab: Tab, body: str) -> dict[str, Any]:
    tab.load("data:text/html," + quote(f'<!doctype html><meta charset="utf-8"><title>t</title>{body}'))
    answer: dict[str, Any] = tab.ask("rows", {"main": ["main"], "signs": [], "rows": ["a"]})
    return answer


@pytest.mark.parametrize(
    ("body", "is_folded"),
    [
        ('<main>{}<h2><button aria-expanded="false">More</button></h2></main>', True),
        ('<main>{}<section><header><button aria-expanded="false">More</button></header></section></main>', True),
        ("<main>{}<details><summary>More</summary><a href=/y>Gender</a></details></main>", True),
        ('<main>{}<h2><button aria-expanded="true">More</button></h2></main>', False),
        ("<main>{}<details open><summary>More</summary><a href=/y>Gender</a></details></main>", False),
        ('<main>{}<button aria-expanded="false" aria-haspopup="menu">Sort</button></main>', False),
        ('<main><header><button aria-expanded="false">Me</button></header>{}</main>', False),
        ('<header><button aria-expanded="false">Me</button></header><main>{}</main>', False),
        ('<main><nav><button aria-expanded="false">Categories</button></nav>{}</main>', False),
        ('<main>{}<div role="dialog"><button aria-expanded="false">Why</button></div></main>', False),
        ("<main>{}</main><footer><details><summary>About</summary></details></footer>", False),
        ('<main>{}<div hidden><button aria-expanded="false">More</button></div></main>', False),
    ],
)
def test_a_folded_part_of_the_main_region_is_seen_and_a_menu_is_none(tab: Tab, body: str, is_folded: bool) -> None:
    seen = index(tab, body.format(ROW.format("")))
    assert (seen["folded"], seen["rows"][0]["texts"]) == (is_folded, ["Age range"])


@pytest.mark.parametrize(
    ("picture", "names"),
    [
        ('<svg role="img" aria-label="On"><path d="M0 0"/></svg>', ["On"]),
        ("<svg><title>On</title></svg>", ["On"]),
        ('<img alt="On" src="/none.png">', ["On"]),
        ('<span role="img" aria-label="On">✓</span>', ["On"]),
        ('<i id="v" hidden>On</i><svg role="img" aria-labelledby="v" width="9"></svg>', ["On"]),
        ('<svg role="img" aria-label="On" style="display:none"></svg>', []),
        ('<img alt="" src="/none.png"><svg width="9"></svg>', []),
    ],
)
def test_the_name_of_a_picture_stands_beside_the_texts_of_its_row(tab: Tab, picture: str, names: list[str]) -> None:
    (row,) = index(tab, f"<main>{ROW.format(picture)}</main>")["rows"]
    assert (row["texts"], row["pictures"]) == (["Age range"], names)


def test_what_the_main_region_says_is_told_and_nothing_from_outside_it(tab: Tab) -> None:
    seen = index(tab, "<p>Outside</p><main><h1>Something went wrong</h1><p>Try again later.</p></main>")
    assert (seen["said"], seen["rows"]) == (["Something went wrong", "Try again later."], [])
