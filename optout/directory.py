"""A service's catalogue turned round: whose label, whose path, whose id is this? Built once per run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from optout.browser.views import PageView, trim_path
from optout.catalogue.models import Catalogue, Service, Setting, Texts, Vocabulary
from optout.phrases import any_of, normalize, says, words_only

TELLING_LETTERS = 5


@lru_cache(maxsize=4096)
def telling_words(text: str) -> frozenset[str]:
    """The beginnings of a text's longer words: enough to tell what it is about, whatever the words' endings."""
    return frozenset(
        word[:TELLING_LETTERS] for word in re.findall(r"\w+", normalize(text)) if len(word) >= TELLING_LETTERS
    )


def _texts(texts: Texts) -> set[str]:
    return {normalize(one) for words in texts.values() for one in words}


@dataclass(frozen=True)
class Directory:
    """Labels, paths and ids of every setting of a service, with the words of every language."""

    service: Service
    languages: Mapping[str, Vocabulary]
    labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    row_labels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    paths: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ctls: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, catalogue: Catalogue, service: Service) -> Directory:
        """The directory of one service of the catalogue."""
        labels: dict[str, set[str]] = {}
        row_labels: dict[str, set[str]] = {}
        paths: dict[str, set[str]] = {}
        ctls: dict[str, set[str]] = {}
        for setting in service.settings:
            own_rows = _texts(setting.labels) | {normalize(setting.title)}
            for text in own_rows:
                row_labels.setdefault(text, set()).add(setting.id)
            for text in own_rows | _texts(setting.headings) | _texts(setting.control_labels):
                labels.setdefault(text, set()).add(setting.id)
            for path in setting.paths:
                paths.setdefault(trim_path(path.path), set()).add(setting.id)
            for control in setting.controls:
                if control.ctl:
                    ctls.setdefault(control.ctl, set()).add(setting.id)
        return cls(
            service, dict(catalogue.languages), _freeze(labels), _freeze(row_labels), _freeze(paths), _freeze(ctls)
        )

    def owners_of_label(self, texts: Iterable[str]) -> frozenset[str]:
        """The settings that any of these texts is a label or heading of."""
        return frozenset().union(*(self.labels.get(normalize(text), frozenset()) for text in texts))

    def owners_of_row(self, texts: Iterable[str]) -> frozenset[str]:
        """The settings that any of these texts is the index label of."""
        return frozenset().union(*(self.row_labels.get(normalize(text), frozenset()) for text in texts))

    def owners_of_path(self, path: str) -> frozenset[str]:
        """The settings whose page this path is, or was."""
        return self.paths.get(trim_path(path), frozenset())

    def owners_of_ids(self, ids: Iterable[str]) -> frozenset[str]:
        """The settings whose control names itself by any of these ids."""
        return frozenset().union(*(self.ctls.get(one, frozenset()) for one in ids))

    def vocabularies(self, lang: str) -> tuple[Vocabulary, ...]:
        """The words of a page's language; of every language when the page's is not known."""
        known = self.languages.get(lang) or self.languages.get(lang.split("-", maxsplit=1)[0].lower())
        return (known,) if known else tuple(self.languages.values())

    def is_negated(self, text: str, lang: str, apart_from: str | None = None) -> bool:
        """Whether a label says the opposite ("do not use my data"), by the negations of its language.

        A negation in the name of the setting `apart_from` ("allow non-essential cookies") turns nothing round.
        """
        said = f" {words_only(text)} "
        for known, owners in self.labels.items() if apart_from else ():
            if apart_from in owners:
                said = said.replace(f" {words_only(known)} ", " ")
        return any(says(said, any_of(words.negations)) for words in self.vocabularies(lang))

    def is_unrelated(self, setting_id: str, text: str) -> bool:
        """Whether a label speaks of something else (newsletters, notifications) in any language, and not of this."""
        told = any(says(text, any_of(words.unrelated)) for words in self.languages.values())
        return told and not self.speaks_of(setting_id, text)

    def trouble_in(self, texts: Iterable[str]) -> str | None:
        """The text by which a page says that it failed, in any language; None where it does not say so."""
        known = [any_of(words.trouble) for words in self.languages.values()]
        return next((text for text in texts if any(says(text, phrases) for phrases in known)), None)

    def more_in(self, view: PageView) -> str | None:
        """What says that a page's main region has more than it shows, in any language; None where nothing does."""
        known = [any_of(words.more) for words in self.languages.values()]
        button = next((name for name in view.buttons if any(says(name, phrases) for phrases in known)), None)
        return f"a button '{button}'" if button else "tabs" if view.tabs else None

    def speaks_of(self, setting_id: str, text: str) -> bool:
        """Whether a text shares a longer word with any label of the setting, in any language."""
        words = telling_words(text)
        return any(setting_id in owners and words & telling_words(known) for known, owners in self.labels.items())

    def speaks_only_of_another(self, setting_id: str, text: str) -> bool:
        """Whether a text names another setting, in any language, and shares no word with this one's labels.

        A setting that this one takes along may well be named where this one is switched.
        """
        said = f" {words_only(text)} "
        taken_along = {one.id for one in self.service.settings if setting_id in one.after}
        telling = [(known, owners) for known, owners in self.labels.items() if telling_words(known)]
        named = [owners for known, owners in telling if f" {words_only(known)} " in said and not owners <= taken_along]
        return bool(named) and not any(setting_id in one for one in named) and not self.speaks_of(setting_id, text)

    def is_state_word(self, text: str) -> bool:
        """Whether a text is only the value that a control shows ("On"), in any language."""
        wanted = normalize(text)
        return any(normalize(word) == wanted for words in self.languages.values() for word in (*words.on, *words.off))

    def own_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names of a control that name it, without those that only tell its value."""
        return tuple(name for name in names if any(map(str.isalnum, name)) and not self.is_state_word(name))

    def taught(self, names: Mapping[str, str], ids: Mapping[str, str]) -> Directory:
        """This directory with more control labels and ids; each maps to the setting it belongs to."""
        labels, ctls = dict(self.labels), dict(self.ctls)
        for name, owner in names.items():
            labels[normalize(name)] = labels.get(normalize(name), frozenset()) | {owner}
        for one, owner in ids.items():
            ctls[one] = ctls.get(one, frozenset()) | {owner}
        return replace(self, labels=labels, ctls=ctls)

    def setting(self, setting_id: str) -> Setting:
        """The setting of that id."""
        return self.service.setting(setting_id)


def _freeze(table: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(value) for key, value in table.items()}
