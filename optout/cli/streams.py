"""Output that takes any text, whatever the encoding of the terminal, pipe or file that it goes to."""

from __future__ import annotations

import codecs
import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import TextIO

PLAIN_TEXT = "optout-plain-text"
# What the program itself writes beyond ASCII, and how it looks without.
LOOKALIKES: Mapping[str, str] = MappingProxyType(
    {"→": "->", "–": "-", "—": "-", "─": "-", "━": "-", "•": "*", "·": "-", "…": "...", "’": "'", "‘": "'", "“": '"',
     "”": '"', "✓": "+", "✗": "x", "≥": ">=", "≤": "<="}
)  # fmt: skip


def take_any_text(*streams: TextIO) -> None:
    """From here on write what an encoding does not have as something like it: no result is lost over a dash."""
    codecs.register_error(PLAIN_TEXT, _in_plain_text)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAIN_TEXT)


def _in_plain_text(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_lookalike(one) for one in error.object[error.start : error.end]), error.end


def _lookalike(character: str) -> str:
    import unicodedata

    bare = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return LOOKALIKES.get(character) or bare or "?"
