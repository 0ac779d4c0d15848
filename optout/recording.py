"""Proposing a new version for a control that was found: by its own lasting attributes, never by class or position."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from optout.browser.views import ControlView
from optout.catalogue.models import ControlVersion, Evidence, Kind

# Attributes that hold a state or belong to a framework say nothing of what a control is.
PASSING_DATA = re.compile(r"^data-(state|checked|value|on|off|v-|react|ember|emotion|radix|headlessui|hydrated|focus)")
GENERATED = re.compile(r"ember|react|radix|headlessui|mui-|:r|uid|uuid|^_|__")
# What many controls of a site may be called alike.
COMMON_WORDS = frozenset(
    re.findall(
        r"\w+",
        "label labels switch switches toggle toggles checkbox check box control setting settings input title text "
        "option options value name button field item row enabled enable the for",
    )
)
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def is_lasting(name: str) -> bool:
    """Whether an id or name looks given by a person: words, no digits, nothing that a build or a session makes up."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z_.-]{3,79}", name) or GENERATED.search(name.lower()):
        return False
    words = words_of(name)
    telling = [word for word in words if len(word) >= 3 and word not in COMMON_WORDS]
    return any(len(word) >= 4 or re.search(r"[aeiouy]", word) for word in telling) and not _is_noise(words)


def words_of(name: str) -> tuple[str, ...]:
    """The words of an id such as `allowAdsByAge`, in small letters."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return tuple(part.lower() for part in parts)


def _is_noise(words: Sequence[str]) -> bool:
    """Letters at random: hardly a vowel, or case that changes with every letter."""
    text = "".join(words)
    vowels = sum(letter in "aeiouy" for letter in text)
    return vowels * 6 < len(text) or len(words) * 2 > len(text)


def propose(
    controls: Sequence[ControlView], like: ControlVersion, fits: Callable[[str], bool], day: date
) -> ControlVersion | None:
    """A version that finds exactly these elements, or None where they have nothing lasting of their own.

    `like`: a version of the same control, for what a page does not say (direction, values, Save button).
    `fits`: whether a selector finds these elements and no others on the page.
    """
    for css, ctl in selectors_of(controls, like.kind):
        if fits(css):
            known = like.model_dump(include={"kind", "region", "inverted", "off_value", "on_value", "save"})
            return ControlVersion(
                id=day.isoformat(), seen=day, evidence=Evidence.LOCAL, css=css, ctl=ctl or None, **known
            )
    return None


def selectors_of(controls: Sequence[ControlView], kind: Kind) -> Iterator[tuple[str, str | None]]:
    """CSS for these elements, the most lasting first, each with the id that it rests on, if any."""
    first = controls[0]
    base = base_of(first)
    if kind is Kind.CHECKBOXES:
        yield base, None
        return
    if kind is not Kind.RADIOS and first.id and is_lasting(first.id):
        yield f"{base}{_id(first.id)}", first.id
    if first.name and (is_lasting(first.name) or kind is Kind.RADIOS):
        yield f"{base}[name={quoted(first.name)}]", first.name
    if kind is Kind.RADIOS:
        return
    labelledby = " ".join(first.labelledby)
    if len(first.labelledby) == 1 and is_lasting(labelledby):
        yield f"{base}[aria-labelledby={quoted(labelledby)}]", labelledby
    for name, value in first.data:
        if not PASSING_DATA.match(name) and is_lasting(value):
            yield f"{base}[{name}={quoted(value)}]", None
    yield base, None


def base_of(control: ControlView) -> str:
    """What kind of element it is, as CSS: its tag with its role or type."""
    if control.role in ("switch", "checkbox", "radio"):
        return f'{control.tag}[role="{control.role}"]'
    if control.tag == "input" and control.type in ("checkbox", "radio"):
        return f'input[type="{control.type}"]'
    return control.tag


def quoted(text: str) -> str:
    """A text as a CSS string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _id(text: str) -> str:
    return f"#{text}" if PLAIN.fullmatch(text) else f"[id={quoted(text)}]"
