"""Words that make a change in a notice worth a second look, in five languages: dates, and what notices announce."""

from __future__ import annotations

import re

MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december",
    "januar|februar|märz|mai|juni|juli|oktober|dezember",
    "janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre",
    "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
    "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre",
)
_MONTH = f"(?:{'|'.join(MONTHS)})"
DATE = re.compile(
    r"\b(?:"
    r"\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}[./]\s?\d{1,2}[./]\s?\d{4}"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}"
    rf"|\d{{1,2}}(?:er|º|\.|st|nd|rd|th)?\s+(?:de\s+|of\s+)?{_MONTH}\s+(?:de\s+)?\d{{4}}"
    r")\b",
    re.IGNORECASE,
)

# Beginnings of words; each ends where the word does, whatever its ending.
SHARING = (
    "shar(?:e|es|ed|ing)\\b|sell(?:s|ing)?\\b|disclos|affiliate|subsidiar|third[- ]part|partners?\\b",
    "weiter(?:gab|geb)|verbundenen? unternehmen|dritten?\\b|tochtergesellschaft",
    "partag|sociétés? affiliée|tiers\\b|filial",
    "compart|afiliad|terceros\\b",
    "condivi|affiliat|terzi\\b",
)
OPTING_OUT = (
    "opt(?:ing|ed)?[- ]?(?:out|in)\\b|object(?:ion|ing)?\\b|withdraw|by default\\b",
    "turn(?:ed|ing)? (?:it |this )?off\\b",
    "widersp|widerruf|ausschalt|standardmäßig",
    "s'opposer|opposition\\b|désactiv|par défaut\\b",
    "oponer|oposición\\b|desactiv|por defecto\\b",
    "opporsi\\b|opposizione\\b|disattiv|impostazione predefinita\\b",
)
ARTIFICIAL_INTELLIGENCE = (
    "artificial intelligence|machine learning|generative\\b|train(?:ing)?\\b.{0,40}\\bmodels?\\b",
    "künstlichen? intelligenz|intelligence artificielle|inteligencia artificial|intelligenza artificiale",
    # The abbreviations in capitals only: "ai" is an Italian word.
    "(?-i:(?:AI|KI|IA)\\b)",
)
TOPICS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{'|'.join(words)})", re.IGNORECASE))
    for name, words in (("sharing", SHARING), ("opt-out", OPTING_OUT), ("AI", ARTIFICIAL_INTELLIGENCE))
)


def dates_in(text: str) -> tuple[str, ...]:
    """The dates that the text names, in its own wording, each once."""
    return tuple(dict.fromkeys(found.group() for found in DATE.finditer(text)))


def topics_in(text: str) -> frozenset[str]:
    """What the text is about, of `TOPICS`."""
    return frozenset(name for name, pattern in TOPICS if pattern.search(text))
