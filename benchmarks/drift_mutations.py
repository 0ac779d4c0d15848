"""What redesigns do to a setting's page: each mutation changes the markup of the practice site's main region.

The elements that are the control carry the attribute `practice-truth`, which neither page.js nor any selector looks at.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bs4 import BeautifulSoup
from bs4.element import Tag

TRUTH, LABEL, HEADING = "practice-truth", "practice-label", "practice-heading"
CONTROLS = "input[type=checkbox], input[type=radio], [role=switch], [role=checkbox], [role=radio], select"
LANGUAGES = ("de", "fr", "es", "it", "pt", "sv")
KINDS = ("checkbox", "button-switch", "button-checkbox", "radios", "select", "shadow")
REWORDINGS = ("Let us use “{}” when we choose ads for you", "Allow {} to shape what you see", "{}: personalize my ads")
SIMILAR = ("{}: tell me about news", "Show a reminder about {}", "{} in e-mails", "Suggest changes to {}")


@dataclass(slots=True)
class Page:
    """One page's main region while it is changed."""

    soup: BeautifulSoup
    chance: random.Random
    words: Mapping[str, str]
    is_set: bool
    is_server_rendered: bool = False
    off_value: str | None = None
    wants_shadow: bool = False

    def truth(self) -> list[Tag]:
        """The elements that are the control."""
        return list(self.soup.select(f"[{TRUTH}]"))

    def label(self) -> Tag | None:
        """The element that labels the control; a set of boxes has none."""
        return self.soup.select_one(f"[{LABEL}]")

    def heading(self) -> Tag | None:
        """The page's own heading."""
        return self.soup.select_one(f"[{HEADING}]")

    def main(self) -> Tag:
        """The main region."""
        found = self.soup.select_one(".pp-main")
        assert found is not None
        return found

    def new(self, tag: str, text: str = "", /, **attributes: str) -> Tag:
        """A new element."""
        made = self.soup.new_tag(tag, attrs={key.replace("_", "-"): value for key, value in attributes.items()})
        if text:
            made.string = text
        return made

    def hashed(self) -> str:
        """A class name as a build makes them."""
        return "_" + "".join(self.chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=7))


def open_page(
    html: str, chance: random.Random, words: Mapping[str, str], *, is_set: bool, is_server_rendered: bool
) -> Page:
    """A page with its control, label and heading marked."""
    page = Page(BeautifulSoup(html, "html.parser"), chance, words, is_set, is_server_rendered)
    main = page.main()
    for one in main.select("input[type=checkbox]" if is_set else "[role=switch]"):
        one[TRUTH] = ""
    title = main.select_one(".pp-title")
    if title:
        title[HEADING] = ""
    if not is_set:
        row = page.truth()[0].find_parent(class_="pp-row")
        text = row.select_one(".pp-text") if row else None
        if text:
            text[LABEL] = ""
    return page


def hash_classes(page: Page) -> None:
    """Every class gets a name made by a build. What is drawn hidden stays drawn hidden."""
    for one in page.soup.find_all(class_=True):
        names = str(one.get("class", "")).split() if isinstance(one["class"], str) else list(one["class"])
        one["class"] = " ".join(name if name in ("pp-hidden", "a11y-text") else page.hashed() for name in names)


def wrap(page: Page) -> None:
    """New wrappers around rows, cards and texts; sections become divs."""
    parts = page.soup.select(".pp-row, .pp-card, .pp-side, .pp-text, .pp-title, .pp-lead")
    for one in page.chance.sample(parts, k=max(1, len(parts) * 2 // 3)):
        for _ in range(page.chance.randint(1, 3)):
            one.wrap(page.new("div", **{"class": page.hashed()}))
    for one in page.soup.find_all("section"):
        one.name = "div"


def reorder(page: Page) -> None:
    """The blocks of the page and the parts of its rows stand in another order."""
    main = page.main()
    for parent in [main, *page.soup.select(".pp-row")]:
        children = [child for child in parent.children if isinstance(child, Tag)]
        page.chance.shuffle(children)
        for child in children:
            parent.append(child.extract())


def lose_main(page: Page) -> None:
    """Nothing says any more which part of the page is the main one."""
    main = page.main()
    main.name = "div"
    main.attrs.pop("id", None)


def rename_ids(page: Page) -> None:
    """Every id is another one: with a suffix, made by a framework, or of other words."""
    names: dict[str, str] = {}
    for one in page.soup.find_all(id=True):
        if one["id"] == "main":
            continue
        old, number = str(one["id"]), page.chance.randint(100, 999)
        names[old] = page.chance.choice((f"{old}V2", f":r{number}:", f"ember{number}", f"preferenceRow{number}"))
        one["id"] = names[old]
    for attribute in ("aria-labelledby", "for", "name"):
        for one in page.soup.select(f"[{attribute}]"):
            one[attribute] = " ".join(names.get(part, f"{part}V2") for part in str(one[attribute]).split())


def reword_label(page: Page) -> None:
    """The control's label says it in other words; a set of boxes has none, so its heading does."""
    target = page.heading() if page.is_set else page.label()
    if target:
        target.string = page.chance.choice(REWORDINGS).format(page.words["label"])


def reword_all(page: Page) -> None:
    """Label and heading say it in other words, and so does the index row."""
    reword_label(page)
    heading = page.heading()
    if heading:
        heading.string = page.words["other"]


def change_kind(page: Page) -> None:
    """The control is another kind of control."""
    kinds = KINDS[:3] if page.is_set else KINDS[:5] if page.is_server_rendered else KINDS
    kind = page.chance.choice(kinds)
    if kind == "shadow":
        page.wants_shadow = True  # only when all else is done: nothing else looks into a template
    elif kind in ("radios", "select"):
        _into_choices(page, kind)
    else:
        for one in page.truth():
            _replace_element(page, one, kind)


def add_similar(page: Page) -> None:
    """One to three other controls with similar labels, in the same card or in one of their own."""
    main = page.main()
    style = page.chance.choice(("switch", "checkbox", "button"))
    for text in page.chance.sample(SIMILAR, k=page.chance.randint(1, 3)):
        if page.is_set:  # a box of the same make would be one more box of the set
            style = "switch" if page.truth()[0].name == "button" else "button"
        row = _similar_row(page, style, text.format(page.words["label"]))
        card = page.truth()[0].find_parent(class_="pp-card")
        where = page.chance.choice(("card-first", "card-last", "first", "last"))
        if card is not None and where.startswith("card") and not page.is_set:
            card.insert(0 if where == "card-first" else len(card.contents), row)
        else:
            box = page.new("section", **{"class": "pp-card"})
            box.append(row)
            main.insert(0 if where.endswith("first") else len(main.contents), box)


def _similar_row(page: Page, style: str, text: str) -> Tag:
    number = page.chance.randint(1000, 9999)
    row = page.new("div", **{"class": "pp-row"})
    side = page.new("div", **{"class": "pp-side"})
    row.append(page.new("p", text, id=f"note-{number}", **{"class": "pp-text"}))
    row.append(side)
    if style == "button":
        side.append(page.new("button", type="button", role="switch", aria_checked="true", aria_label=text))
        return row
    role = {"role": "switch"} if style == "switch" else {}
    side.append(page.new("input", type="checkbox", aria_labelledby=f"note-{number}", checked="", **role))
    return row


def _replace_element(page: Page, one: Tag, kind: str) -> None:
    """A box or switch becomes another element with the same state, id, label and wiring."""
    if kind == "checkbox":
        one.attrs.pop("role", None)
        if one.name == "input":
            return
        checked = one.attrs.pop("aria-checked", "false") == "true"
        one.name = "input"
        one["type"] = "checkbox"
        if checked:
            one["checked"] = ""
        return
    kept = {key: value for key, value in one.attrs.items() if key in ("id", "aria-labelledby", "data-w", TRUTH)}
    checked = one.has_attr("checked")
    button = page.new("button", type="button", role=kind.removeprefix("button-"))
    button.attrs.update({**kept, "aria-checked": str(checked).lower()})
    label = one.find_next_sibling("label")
    if label and label.get("for") and not kept.get("aria-labelledby"):
        button["aria-label"] = label.get_text()
    one.replace_with(button)


def _into_choices(page: Page, kind: str) -> None:
    """The switch becomes a pair of radio buttons or a select with On and Off."""
    one, label = page.truth()[0], page.label()
    row = one.find_parent(class_="pp-row")
    if row is None or label is None:
        return
    text, is_on = label.get_text(), one.has_attr("checked")
    name = str(one.get("aria-labelledby") or one.get("id") or f"choice{page.chance.randint(10, 99)}")
    values = page.chance.choice((("1", "0"), ("on", "off"), ("YES", "NO")))
    page.off_value = values[1]
    box = page.new("fieldset" if kind == "radios" else "div", **{"class": "pp-row"})
    if kind == "radios":
        box.append(page.new("legend", text, **{LABEL: ""}))
    else:
        box.append(page.new("label", text, **{"for": f"{name}-select", LABEL: ""}))
        chooser = page.new("select", id=f"{name}-select", **{"name": name, TRUTH: ""})
        box.append(chooser)
    for value, word, chosen in ((values[0], "on", is_on), (values[1], "off", not is_on)):
        if kind == "radios":
            radio = page.new("input", type="radio", id=f"{name}-{word}", value=value, **{"name": name, TRUTH: ""})
            if chosen:
                radio["checked"] = ""
            box.append(radio)
            box.append(page.new("label", page.words[word], **{"for": f"{name}-{word}"}))
        else:
            option = page.new("option", page.words[word], value=value)
            if chosen:
                option["selected"] = ""
            chooser.append(option)
    row.replace_with(box)


def finish(page: Page) -> None:
    """Move the control with all that surrounds it into an open shadow root, where that is wanted."""
    if not page.wants_shadow:
        return
    card = page.truth()[0]
    for up in page.truth()[0].parents:
        if up.parent is None or up.select_one(f"[{HEADING}]"):
            break
        card = up
    host, template = page.new("practice-card", data_shadow="open"), page.new("template")
    card.replace_with(host)
    host.append(template)
    template.append(card)


MUTATIONS: Mapping[str, Callable[[Page], None]] = MappingProxyType(
    {
        "changed-kind": change_kind,
        "reworded-label": reword_label,
        "reworded-everywhere": reword_all,
        "similar-controls": add_similar,
        "renamed-ids": rename_ids,
        "reordered": reorder,
        "wrapped": wrap,
        "main-lost": lose_main,
        "hashed-classes": hash_classes,
    }
)
# These are of the page as a whole: its address, its language, the generation of its markup.
OF_THE_PAGE = ("moved-path", "translated", "older-markup")
EVERY = (*MUTATIONS, *OF_THE_PAGE)
