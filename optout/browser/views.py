"""What page.js tells of a page, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class RawState:
    """What a control's element says of its state; nothing is interpreted yet. `busy`: it stands in what is loading."""

    native: str | None
    checked: bool | None
    indeterminate: bool
    aria: str | None
    value: str | None
    disabled: bool
    busy: bool = False

    def as_spec(self) -> dict[str, Any]:
        """The part that must be unchanged when the control is operated."""
        return {"checked": self.checked, "aria": self.aria, "value": self.value, "indeterminate": self.indeterminate}


@dataclass(frozen=True, slots=True)
class ControlView:
    """One element that may be a control. `key` is good for this page only.

    `names`: its own labels. `nearby`: texts around it, without the page's title; `beside`: those nearest to it.
    `among`: the key of the smallest element that holds it and other controls. `group`: names of the set it belongs
    to. `options`: value and text of each choice of a select.
    """

    key: str
    tag: str
    type: str | None
    role: str | None
    id: str | None
    name: str | None
    labelledby: tuple[str, ...]
    names: tuple[str, ...]
    nearby: tuple[str, ...]
    ancestors: tuple[str, ...]
    state: RawState
    beside: tuple[str, ...] = ()
    among: str | None = None
    group: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    data: tuple[tuple[str, str], ...] = ()

    @property
    def own_ids(self) -> frozenset[str]:
        """The ids by which the element names itself."""
        return frozenset(part for part in (self.id, self.name, *self.labelledby) if part)


@dataclass(frozen=True, slots=True)
class ButtonView:
    """A button of a dialog."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class DialogView:
    """A dialog that is open in the page. `chosen`: something in it is ticked: its buttons would agree to that too."""

    key: str
    text: str
    buttons: tuple[ButtonView, ...]
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class RowView:
    """A link of an index, with the texts beside it and the names of the pictures among them."""

    href: str
    label: str
    texts: tuple[str, ...]
    pictures: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path that the row leads to."""
        return trim_path(urlsplit(self.href).path)


@dataclass(frozen=True, slots=True)
class PageView:
    """One look at a page. `controlled`: a service worker stands between page and server. `hidden`: another tab is in
    front, and some pages draw nothing then. `ages`: of each earlier look at this document's controls, for how many
    milliseconds at least its own timers have gone on since. `said`: the texts of the main region, of a page whose
    control was looked for only where no version fits anything. `folded`: a part of the main region is folded.
    `alerts`: what the page calls out. Of the main region, `buttons`: their names; `tabs`: it has a set of them;
    `opaque`: it has an element that lets nobody see what is in it.
    """

    url: str
    title: str
    lang: str
    status: int
    controlled: bool
    hidden: bool
    signs: frozenset[str]
    text: str
    has_main: bool
    headings: tuple[tuple[int, str], ...] = ()
    controls: tuple[ControlView, ...] = ()
    matches: tuple[tuple[int, ...], ...] = ()
    all_controls: tuple[int, ...] = ()
    dialogs: tuple[DialogView, ...] = ()
    rows: tuple[RowView, ...] = ()
    rows_css: str | None = None
    ages: tuple[int, ...] = ()
    said: tuple[str, ...] = ()
    folded: bool = False
    alerts: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    tabs: bool = False
    opaque: bool = False

    def age_of(self, earlier: PageView) -> int:
        """The page's own milliseconds since that look at the same document; 0 where it was another one."""
        number = len(earlier.ages)
        return self.ages[number] if number < len(self.ages) else 0

    @property
    def path(self) -> str:
        """The page's path without a trailing slash."""
        return trim_path(urlsplit(self.url).path)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def trim_path(path: str) -> str:
    """A path without its trailing slash, so that both spellings compare equal."""
    return path.rstrip("/") or "/"


def page_view(raw: Mapping[str, Any]) -> PageView:
    """The frozen form of an answer of `glance`, `controls` or `rows`."""
    return PageView(
        url=raw["url"],
        title=raw["title"],
        lang=raw["lang"],
        status=raw["status"],
        controlled=raw["controlled"],
        hidden=raw["hidden"],
        signs=frozenset(raw["signs"]),
        text=raw["text"],
        has_main=bool(raw.get("main")),
        headings=tuple((one["level"], one["text"]) for one in raw.get("headings", ())),
        controls=tuple(_control(one) for one in raw.get("controls", ())),
        matches=tuple(tuple(one["matches"]) for one in raw.get("versions", ())),
        all_controls=tuple(raw.get("all", ())),
        dialogs=tuple(_dialog(one) for one in raw.get("dialogs", ())),
        rows=tuple(_row(one) for one in raw.get("rows", ())),
        rows_css=raw.get("version"),
        ages=tuple(raw.get("ages", ())),
        said=tuple(raw.get("said", ())),
        folded=bool(raw.get("folded")),
        alerts=tuple(raw.get("alerts", ())),
        buttons=tuple(raw.get("buttons", ())),
        tabs=bool(raw.get("tabs")),
        opaque=bool(raw.get("opaque")),
    )


def dialog_views(raw: Mapping[str, Any]) -> tuple[DialogView, ...]:
    """The frozen form of an answer of `dialogs`."""
    return tuple(_dialog(one) for one in raw["dialogs"])


def raw_state(raw: Mapping[str, Any]) -> RawState:
    """The frozen form of a control's state."""
    known = ("native", "checked", "indeterminate", "aria", "value", "disabled")
    return RawState(**{key: raw[key] for key in known}, busy=bool(raw.get("busy")))


def _control(raw: Mapping[str, Any]) -> ControlView:
    return ControlView(
        key=raw["key"],
        tag=raw["tag"],
        type=raw["type"],
        role=raw["role"],
        id=raw["id"],
        name=raw["name"],
        labelledby=tuple(raw["labelledby"]),
        names=tuple(raw["names"]),
        nearby=tuple(raw["nearby"]),
        ancestors=tuple(raw["ancestors"]),
        state=raw_state(raw["state"]),
        beside=tuple(raw.get("beside", ())),
        among=raw.get("among"),
        group=tuple(raw.get("group", ())),
        options=tuple((value, text) for value, text in raw.get("options", ())),
        data=tuple((name, value) for name, value in raw.get("data", ())),
    )


def _row(raw: Mapping[str, Any]) -> RowView:
    return RowView(raw["href"], raw["label"], tuple(raw["texts"]), tuple(raw.get("pictures", ())))


def _dialog(raw: Mapping[str, Any]) -> DialogView:
    buttons = tuple(ButtonView(one["key"], one["name"]) for one in raw["buttons"])
    return DialogView(raw["key"], raw["text"], buttons, bool(raw.get("chosen")))
