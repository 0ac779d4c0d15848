"""The practice site, redesigned: each browser session sees the variant that its cookie names."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bs4.element import Tag
from flask import has_request_context, request

from benchmarks.drift_mutations import CONTROLS, EVERY, LABEL, LANGUAGES, MUTATIONS, TRUTH, Page, finish, open_page
from optout.practice.members import BY_ID, SETTINGS, PracticeSetting
from optout.practice.records import PracticeAccount
from optout.practice.rendering import hash_classes
from optout.practice.site import PracticeSite
from optout.practice.words import Words

COOKIE = "practice_variant"


@dataclass(frozen=True, slots=True)
class Variant:
    """One setting's page after some mutations."""

    number: int
    setting_id: str
    mutations: tuple[str, ...]
    language: str
    generation: str
    has_history: bool

    @property
    def setting(self) -> PracticeSetting:
        """The setting whose page it is."""
        return BY_ID[self.setting_id]

    @property
    def path(self) -> str:
        """Where the page is."""
        if "moved-path" in self.mutations:
            return f"/mypreferences/d/settings/page-{self.number}"
        return self.setting.old_path if self.generation == "2020" else self.setting.path

    @property
    def row_label(self) -> str:
        """What the index calls it."""
        return self.words["other" if "reworded-everywhere" in self.mutations else "label"]

    @property
    def words(self) -> Mapping[str, str]:
        """The words that mutations need, in the page's language."""
        words = Words(self.language)
        label = words.label(self.setting_id)
        return {"label": label, "other": f"How “{label}” is used", "on": words.term("on"), "off": words.term("off")}


@dataclass(frozen=True)
class VariantWords(Words):
    """The words of a page that may be called something else everywhere, its title included."""

    renamed: str | None = None
    other: str = ""

    def label(self, setting_id: str) -> str:
        """The index row's label, and the page's title."""
        return self.other if setting_id == self.renamed else super().label(setting_id)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a variant's page really holds, told by its markup alone."""

    ids: frozenset[str]
    label: str | None
    headings: tuple[str, ...]
    others: int
    off_value: str | None
    can_be_pressed: bool


class DriftSite(PracticeSite):
    """Serves variant n to whoever has the cookie n."""

    def __init__(self, variants: Sequence[Variant], accounts: tuple[PracticeAccount, ...]) -> None:
        self.variants = {one.number: one for one in variants}
        self.facts: dict[int, Facts] = {}
        super().__init__(accounts=accounts)

    def variant(self) -> Variant | None:
        """The variant that the present request is about."""
        number = request.cookies.get(COOKIE) if has_request_context() else None
        return self.variants.get(int(number)) if number else None

    @property
    def words(self) -> Words:
        variant = self.variant()
        if variant is None:
            return super().words
        renamed = variant.setting_id if "reworded-everywhere" in variant.mutations else None
        return VariantWords(variant.language, renamed=renamed, other=variant.row_label)

    def generation_of(self, page: str) -> str:
        variant = self.variant()
        return variant.generation if variant else super().generation_of(page)

    def path_of(self, setting: PracticeSetting) -> str:
        variant = self.variant()
        return variant.path if variant and setting.id == variant.setting_id else super().path_of(setting)

    def dress(self, path: str, html: str) -> str:
        """The main region, mutated; with the class names of a build of its own where the classes are hashed anew."""
        variant = self.variant()
        if variant is None or path != variant.path:
            return super().dress(path, html)
        page = open_page(
            html,
            random.Random(variant.number),
            variant.words,
            is_set=bool(variant.setting.boxes),
            is_server_rendered=variant.generation == "2020",
        )
        for name, mutate in MUTATIONS.items():
            if name in variant.mutations:
                mutate(page)
        self.facts[variant.number] = facts_of(page)
        finish(page)
        return hash_classes(str(page.soup), self.build)


def facts_of(page: Page) -> Facts:
    """What the page holds after all mutations."""
    truth = page.truth()
    ids: set[str] = set()
    for one in truth:
        ids |= {str(one.get(name)) for name in ("id", "name") if one.get(name)}
        ids |= set(str(one.get("aria-labelledby") or "").split())
    label = page.label()
    others = [one for one in page.soup.select(CONTROLS) if not one.has_attr(TRUTH)]
    headings = page.soup.select("h1, h2, h3, h4, h5, h6, legend")
    return Facts(
        ids=frozenset(ids),
        label=_text(label) if label else None,
        headings=tuple(_text(one) for one in headings if not one.has_attr(LABEL)),
        others=len(others),
        off_value=page.off_value,
        can_be_pressed=all(one.name in ("input", "button") and one.has_attr("data-w") for one in truth),
    )


def _text(one: Tag) -> str:
    return " ".join(one.get_text().split())


def plain_variants() -> list[Variant]:
    """Every setting's page as it is today: what the last successful run saw."""
    return [Variant(at, one.id, (), "en", "2026", has_history=False) for at, one in enumerate(SETTINGS)]


def make_variants(seed: int, combined: int, rounds: int) -> list[Variant]:
    """Each mutation alone on every setting's page, `rounds` times, and `combined` pages with two to five of them."""
    chance = random.Random(seed)
    wanted: list[tuple[str, tuple[str, ...]]] = [
        (one.id, (name,)) for _ in range(rounds) for name in EVERY for one in SETTINGS
    ]
    for _ in range(combined):
        names = tuple(chance.sample(EVERY, k=chance.choice((2, 2, 3, 3, 4, 5))))
        wanted.append((chance.choice(SETTINGS).id, names))
    return [_variant(1000 + at, setting_id, names, chance) for at, (setting_id, names) in enumerate(wanted)]


def _variant(number: int, setting_id: str, names: tuple[str, ...], chance: random.Random) -> Variant:
    language = chance.choice(LANGUAGES) if "translated" in names else "en"
    generation = chance.choice(("2023", "2020")) if "older-markup" in names else "2026"
    return Variant(number, setting_id, names, language, generation, has_history=chance.random() < 0.75)
