"""The markup of settings and indexes in each generation of the site, and what its script has to wire up."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from types import MappingProxyType
from typing import Any

from optout.practice.faults import Fault, Scenario
from optout.practice.members import CHIPS, PracticeSetting
from optout.practice.words import Words

GENERATIONS = ("2026", "2023", "2020")
_HASHED = re.compile(r"\bpp-([a-z-]+)")
_BOX_CLASS = MappingProxyType({"2026": "pp-hidden", "2023": "pp-switchcheckbox", "2020": "a11y-text"})

_CONFIRMATIONS = MappingProxyType(
    {
        Fault.CONFIRM_DIALOG: "dialog",
        Fault.CONFIRM_NATIVE: "native",
        Fault.CONFIRM_KEEPING: "keeping",
        Fault.UNKNOWN_DIALOG: "unknown",
    }
)


@lru_cache(maxsize=512)
def _hashed_name(name: str, build: str) -> str:
    return f"_{name}_{hashlib.blake2s(f'{build}:{name}'.encode(), digest_size=3).hexdigest()}"


def hash_classes(text: str, build: str) -> str:
    """Replace every `pp-name` by a class name that changes with the build."""
    return _HASHED.sub(lambda match: _hashed_name(match[1], build), text)


@dataclass(slots=True)
class Fragment:
    """A part of a page: its markup, and the controls in it that the script must serve, in order of `data-w`."""

    words: Words
    generation: str
    html: list[str] = field(default_factory=list)
    wires: list[dict[str, Any]] = field(default_factory=list)

    def add(self, markup: str) -> None:
        """Append markup."""
        self.html.append(markup)

    def wire(self, control_id: str, **options: Any) -> str:
        """Register one control; returns the attribute that marks its element."""
        self.wires.append({"id": control_id, **options})
        return f'data-w="{len(self.wires) - 1}"'


@dataclass(frozen=True, slots=True)
class SettingView:
    """One setting as one account sees it now: `values` are per control id."""

    setting: PracticeSetting
    values: Mapping[str, str]
    scenario: Scenario
    words: Words
    generation: str
    locked: bool = False

    def hits(self, fault: Fault) -> bool:
        """Whether the scenario has that fault for this setting."""
        return self.scenario.hits(fault, self.setting.id)

    def behaviour(self) -> dict[str, Any]:
        """What the script does with this setting's controls besides saving; times in milliseconds."""
        chosen = {
            "never": self.hits(Fault.SAVE_NEVER_SENT),
            "debounce": 700 if self.hits(Fault.SAVE_DEBOUNCED) else 0,
            "wrongFirst": 600 if self.hits(Fault.WRONG_FIRST) else 0,
            "toastOver": 4000 if self.hits(Fault.TOAST_OVER) else 0,
            "popup": self.hits(Fault.POPUP),
            "offer": self.hits(Fault.OFFER_AFTER),
            "confirm": next((name for fault, name in _CONFIRMATIONS.items() if self.hits(fault)), ""),
        }
        return {name: value for name, value in chosen.items() if value}

    def page_behaviour(self) -> dict[str, Any]:
        """What the whole page does; times in milliseconds."""
        return {
            "lateMs": 2000 if self.hits(Fault.LATE) else 0,
            "raf": self.hits(Fault.RAF),
            "popup": self.hits(Fault.POPUP),
            "beforeunload": self.hits(Fault.BEFOREUNLOAD),
        }


def _switch_element(view: SettingView, part: Fragment, control_id: str, ctl: str, *, on: bool) -> str:
    checked = on != view.hits(Fault.INVERTED)
    wire = part.wire(control_id, inverted=view.hits(Fault.INVERTED), **view.behaviour())
    disabled = " disabled" if view.locked or view.hits(Fault.DISABLED) else ""
    if view.hits(Fault.BUTTON):
        return (
            f'<button type="button" role="switch" aria-checked="{str(checked).lower()}" aria-labelledby="{ctl}"'
            f' class="pp-button-switch" {wire}{disabled}></button>'
        )
    aria = ' aria-checked="false"' if view.hits(Fault.ARIA_DISAGREES) else ""
    element_id = f' id="{view.setting.element_id}"' if view.setting.element_id else ""
    box = (
        f'<input type="checkbox" role="switch"{element_id} class="{_BOX_CLASS[view.generation]}"'
        f" {wire}{' checked' if checked else ''}{aria}{disabled}"
    )
    label = '<label class="pp-switch" aria-hidden="true"></label>'
    if view.generation == "2026":
        return f'{box} aria-labelledby="{ctl}">{label}'
    return f"{box}>{label}"


def _switch_row(view: SettingView, part: Fragment, control_id: str, ctl: str, label: str) -> None:
    on = view.values.get(control_id, "off") == "on"
    text = escape(label)
    if view.generation == "2026":
        element = _switch_element(view, part, control_id, ctl, on=on)
        part.add(
            f'<div class="pp-row"><p id="{ctl}" class="pp-text">{text}</p><div class="pp-side">{element}</div></div>'
        )
    elif view.generation == "2023":
        element = _switch_element(view, part, control_id, ctl, on=on)
        part.add(
            f'<div class="pp-row"><p class="pp-text">{text}</p><div class="pp-side"><div>{element}</div></div></div>'
        )
    else:
        element = _switch_element(view, part, control_id, ctl, on=on)
        part.add(
            '<div class="pp-row config-setting-card__setting-item">'
            f'<p class="pp-text config-setting-card__setting-item-primary-desc">{text}</p>'
            f'<div class="pp-side">{element}</div></div>'
        )


def _box_rows(view: SettingView, part: Fragment) -> None:
    for number, (control_id, label) in enumerate(
        zip(view.setting.control_ids, view.setting.boxes, strict=True), start=1
    ):
        checked = " checked" if view.values.get(control_id) == "on" else ""
        disabled = " disabled" if view.hits(Fault.DISABLED) else ""
        element_id = f"{view.setting.ctl}-{number}"
        role = "" if view.generation == "2026" else ' role="switch"'
        wire = part.wire(control_id, **view.behaviour())
        part.add(
            f'<div class="pp-row"><input type="checkbox"{role} id="{element_id}" {wire}{checked}{disabled}'
            f' class="{_BOX_CLASS[view.generation]}"><label class="pp-box-label" for="{element_id}">{escape(label)}'
            "</label></div>"
        )


def _chips(view: SettingView, part: Fragment) -> None:
    part.add('<section class="pp-card"><h2>Your interest categories</h2><ul class="pp-chips">')
    for number, (control_id, label) in enumerate(CHIPS):
        checked = " checked" if view.values.get(control_id) == "on" else ""
        wire = part.wire(control_id)
        part.add(
            f'<li class="pp-chip"><input type="checkbox" id="interest-{number}" {wire}{checked}>'
            f'<label for="interest-{number}">{escape(label)}</label></li>'
        )
    part.add("</ul></section>")


def _decoy(part: Fragment, number: int, label: str) -> None:
    wire = part.wire(f"decoy/{number}")
    part.add(
        f'<div class="pp-row"><p id="decoy-{number}" class="pp-text">{escape(label)}</p><div class="pp-side">'
        f'<input type="checkbox" role="switch" aria-labelledby="decoy-{number}" class="pp-hidden" {wire} checked>'
        '<label class="pp-switch" aria-hidden="true"></label></div></div>'
    )


def _control_label(view: SettingView) -> str:
    if view.hits(Fault.INVERTED):
        return f"Do not use my data: {view.words.label(view.setting.id)}"
    return view.words.control_label(view.setting.id)


def _card(view: SettingView, part: Fragment) -> None:
    setting = view.setting
    label = _control_label(view)
    part.add('<section class="pp-card">')
    if view.hits(Fault.DECOYS_INSIDE):
        _decoy(part, 1, f"{view.words.label(setting.id)}: tell me about news")
    if setting.boxes:
        _box_rows(view, part)
    else:
        _switch_row(view, part, setting.id, setting.ctl, label)
        if view.hits(Fault.TWO_CANDIDATES):
            _switch_row(view, part, setting.id, setting.ctl, label)
    if view.hits(Fault.DECOYS_INSIDE):
        _decoy(part, 2, f"Show a reminder about {view.words.label(setting.id)}")
    part.add("</section>")


def _wrapped_card(view: SettingView, part: Fragment, frame_path: str) -> None:
    if view.hits(Fault.FRAME):
        part.add(f'<iframe class="pp-frame" title="Setting" src="{escape(frame_path)}"></iframe>')
    elif view.hits(Fault.SHADOW):
        part.add('<practice-card data-shadow="open"><template>')
        _card(view, part)
        part.add("</template></practice-card>")
    else:
        _card(view, part)


def _heading(view: SettingView) -> str:
    text = escape(view.words.heading(view.setting.id))
    if view.generation == "2023":
        return f'<h4 class="pp-title">{text}</h4>'
    if view.generation == "2020":
        return f'<h1 class="banner-title pp-title">{text}</h1>'
    return f'<h1 class="pp-title">{text}</h1>'


def setting_page(view: SettingView, index_path: str, frame_path: str) -> Fragment:
    """The main region of a setting's own page, with whatever the scenario puts beside it."""
    part = Fragment(view.words, view.generation)
    element_id = ' id="main"' if view.generation == "2023" else ""
    tag = "div" if view.generation == "2023" else "main"
    part.add(f'<{tag}{element_id} class="pp-main">')
    part.add(f'<a class="pp-back" href="{escape(index_path)}">← {escape(view.words.term("back"))}</a>')
    part.add(_heading(view))
    part.add(f'<p class="pp-lead">{escape(view.words.term("describe"))}</p>')
    if view.hits(Fault.GONE_EMPTY):
        part.add("<p>This setting is not available in your region.</p>")
    elif view.hits(Fault.SAYS_FAILED):
        part.add("<h2>Something went wrong</h2><p>Try again later.</p>")
    else:
        _wrapped_card(view, part, frame_path)
        if view.setting.chips:
            _chips(view, part)
    if view.hits(Fault.BIG):
        part.add(f'<section class="pp-card pp-big"><h2>Activity</h2>{"<p><span>Entry</span></p>" * 10_000}</section>')
    part.add('<p class="pp-lead"><a href="/help/settings">Learn more</a></p>')
    part.add(f"</{tag}>")
    if view.hits(Fault.DECOYS_OUTSIDE):
        part.add('<aside class="pp-aside"><h2>Quick settings</h2>')
        _decoy(part, 3, view.words.label(view.setting.id))
        _decoy(part, 4, view.words.control_label(view.setting.id))
        part.add("</aside>")
    return part


def framed_card(view: SettingView) -> Fragment:
    """Only the card: what the same-origin frame holds."""
    part = Fragment(view.words, view.generation)
    part.add(f'<main class="pp-main">{_heading(view)}')
    _card(view, part)
    part.add("</main>")
    return part


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an index: `value` is what stands at its right, as a picture's name where it is drawn."""

    href: str
    label: str
    value: str
    is_drawn: bool = False


def row_html(row: Row) -> str:
    """One row's markup."""
    value = f'<span class="pp-value">{escape(row.value)}</span>' if row.value else ""
    if row.is_drawn:
        value = (
            f'<svg class="pp-value" role="img" aria-label="{escape(row.value)}" width="16" height="16">'
            '<circle cx="8" cy="8" r="7"/></svg>'
        )
    return (
        f'<li class="pp-index-row"><a class="pp-link" href="{escape(row.href)}"><span class="pp-label">'
        f'{escape(row.label)}</span>{value}<span class="pp-arrow" aria-hidden="true">→</span></a></li>'
    )


def more_html(address: str, after: int) -> str:
    """What stands in for rows to come, which the script asks for after so many milliseconds."""
    wait = f' data-after="{after}"' if after else ""
    return f'<div data-more="{escape(address)}"{wait} class="pp-loading">Loading…</div>'


def index_page(
    words: Words,
    generation: str,
    title: str,
    sections: list[tuple[str, list[Row]]],
    more: str | None = None,
    folded: Sequence[str] = (),
) -> Fragment:
    """The main region of an index. `more`: what stands in for rows to come. `folded`: the headings of the sections
    that would show their rows when pressed.
    """
    part = Fragment(words, generation)
    element_id = ' id="main"' if generation == "2023" else ""
    tag = "div" if generation == "2023" else "main"
    banner = ' class="banner-title pp-title"' if generation == "2020" else ' class="pp-title"'
    part.add(f'<{tag}{element_id} class="pp-main"><h1{banner}>{escape(title)}</h1>')
    for heading, rows in sections:
        part.add(f'<section class="pp-card"><h2>{escape(heading)}</h2><ul class="pp-list">')
        part.html.extend(row_html(row) for row in rows)
        part.add("</ul></section>")
    for heading in folded:
        button = f'<button type="button" class="pp-secondary" aria-expanded="false">{escape(heading)}</button>'
        part.add(f'<section class="pp-card"><h2>{button}</h2></section>')
    if more:
        part.add(more)
    part.add(f"</{tag}>")
    return part
