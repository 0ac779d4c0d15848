"""Texts as they are compared, and the catalogue's words as they are looked for in them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def normalize(text: str) -> str:
    """A text as labels are compared: case, spacing, quotes and closing punctuation do not count."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    return re.sub(r"\s+", " ", text).strip().rstrip(".:!…").strip()


@lru_cache(maxsize=4096)
def words_only(text: str) -> str:
    """The words of a text, one space between them: signs do not count."""
    return re.sub(r"[\W_]+", " ", normalize(text)).strip()


@lru_cache(maxsize=256)
def any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for any of these phrases; three dots in one stand for up to six words more."""
    known = sorted(
        {r" (?:\w+ ){0,6}".join(re.escape(words_only(part)) for part in one.split("...")) for one in phrases}
    )
    return re.compile(" (?:" + "|".join(known) + ") " if known else r"(?!)")


def says(text: str, phrases: re.Pattern[str]) -> bool:
    """Whether any of these phrases stands in a text, whole."""
    return phrases.search(f" {words_only(text)} ") is not None


def is_one_of(text: str, phrases: re.Pattern[str]) -> bool:
    """Whether a text is one of these phrases and nothing more."""
    return phrases.fullmatch(f" {words_only(text)} ") is not None
