"""When a setting's absence from an index proves that it is not offered, and what speaks against it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from optout.browser.views import PageView
from optout.catalogue.models import Index, Setting, Texts
from optout.directory import TELLING_LETTERS, Directory
from optout.phrases import normalize

ENOUGH_ROWS = 3
MISSING_TAIL = 3
SHORT_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Stray:
    """A row that was given to no setting. `claimed`: the settings that its path or its label points to."""

    label: str
    claimed: frozenset[str] = frozenset()


def gap_in(directory: Directory, index: Index, there: Collection[str], view: PageView) -> str | None:
    """Why an index is not whole, in words that follow "its index"; None when it is (rule 5: its other rows)."""
    if view.folded:
        return "has folded parts"
    if more := directory.more_in(view):
        return f"may have more rows than it shows: it has {more}"
    said = directory.trouble_in(view.said)
    if said:
        return f"says that a part of it failed ('{said}')"
    listed = [one.id for one in directory.service.settings if one.index == index.id]
    found = [one for one in listed if one in there]
    if len(listed) <= ENOUGH_ROWS:
        return None if found or len(view.rows) >= ENOUGH_ROWS else "shows too few rows to be whole"
    if len(found) * 4 < len(listed) * 3:
        return f"shows only {len(found)} of its {len(listed)} known rows"
    tail = len(listed) - 1 - listed.index(found[-1])
    return f"ends early: its last {tail} known rows are missing" if tail >= MISSING_TAIL else None


def shown_instead(directory: Directory, setting: Setting, view: PageView) -> str | None:
    """What a setting's own page has where its control should be; None where it has a text and nothing to operate."""
    if setting.id not in directory.owners_of_path(view.path):
        return None
    if view.buttons or view.all_controls or view.opaque:
        return "its own page has something to operate that no version fits"
    headings = {text for _, text in view.headings}
    return None if set(view.said) - headings else "its own page shows nothing"


def named_in(directory: Directory, texts: Iterable[str]) -> frozenset[str]:
    """The settings whose label stands among these texts of an index, alone or before its value ("Age range On")."""
    parts = [(text, *text.rpartition(" ")[::2]) for text in texts]
    labels = [label for text, head, last in parts for label in (text, head if directory.is_state_word(last) else "")]
    return directory.owners_of_row(labels)


def spoken_in(directory: Directory, view: PageView, labels: Mapping[str, str]) -> frozenset[str]:
    """The languages that an index may be in: the one it names and the one that most of its known words are in.

    `labels`: of the rows that were given to a setting by their label, that label by the setting's id.
    """
    named = _base(view.lang)
    spoken = Counter(one for key, label in labels.items() for one in _languages(directory.setting(key).labels, label))
    if named and (named in spoken or not spoken):
        return frozenset({named})
    if not named:
        shown = Counter(normalize(text) for row in view.rows for text in (*row.texts, *row.pictures))
        for language, words in directory.languages.items():
            spoken[_base(language)] += sum(shown[one] for one in {normalize(word) for word in (*words.on, *words.off)})
    most = max(spoken.values(), default=0)
    return frozenset(one for one, count in spoken.items() if count == most > 0) | ({named} if named else frozenset())


def doubt_of(directory: Directory, setting: Setting, strays: Sequence[Stray], languages: frozenset[str]) -> str | None:
    """Which of the rows that were given to no setting may be this one's, in words that follow "its index"; or None."""
    for stray in strays:
        if setting.id in stray.claimed:
            return f"has a row '{stray.label}' that may be its own"
    unclaimed = [one for one in strays if not one.claimed]
    known = {_base(language) for language, words in setting.labels.items() if words}
    if unclaimed and not (languages and languages <= known):
        which = f"in '{', '.join(sorted(languages - known))}'" if languages else "whose language is not known"
        return f"has a row '{unclaimed[0].label}' of no known setting, {which}, where no label of this one is known"
    labels = [text for language, words in setting.labels.items() if _base(language) in languages for text in words]
    for stray in unclaimed:
        if _may_be_reworded(directory, stray.label, labels):
            return f"has a row '{stray.label}' that may be its own, renamed"
    return None


def _may_be_reworded(directory: Directory, text: str, labels: Iterable[str]) -> bool:
    """Whether a text shares at least half of its telling words with any of these labels."""
    common = _words(directory.service.title, SHORT_LETTERS)
    telling = _words(text, TELLING_LETTERS) - common
    if len(telling) < 2:  # one word alone tells too little: the short ones count as well
        telling = _words(text, SHORT_LETTERS) - common
    shared = (len(telling & _words(label, SHORT_LETTERS)) for label in labels)
    return bool(telling) and any(count * 2 >= len(telling) for count in shared)


def _words(text: str, least: int) -> frozenset[str]:
    """The beginnings of a text's words of at least so many letters."""
    return frozenset(word[:TELLING_LETTERS] for word in re.findall(r"\w+", normalize(text)) if len(word) >= least)


def _languages(texts: Texts, label: str) -> set[str]:
    """The languages in which these texts have that label."""
    wanted = normalize(label)
    return {_base(language) for language, words in texts.items() if wanted in map(normalize, words)}


def _base(language: str) -> str:
    """A language without its region: `pt` of `pt-BR`."""
    return re.split("[-_]", language, maxsplit=1)[0].casefold()
