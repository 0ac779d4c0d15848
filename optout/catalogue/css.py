"""Whether a text is a CSS selector that can match an element (Selectors Level 4, as browsers know it)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

NOT_A_SELECTOR = re.compile(r"[{}@;]|/\*")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
# A misspelt pseudo-class parses everywhere and matches nowhere, so the known ones are listed.
PSEUDO_CLASSES = frozenset(
    {
        "active",
        "any-link",
        "autofill",
        "checked",
        "default",
        "defined",
        "disabled",
        "empty",
        "enabled",
        "first-child",
        "first-of-type",
        "focus",
        "focus-visible",
        "focus-within",
        "fullscreen",
        "hover",
        "in-range",
        "indeterminate",
        "invalid",
        "last-child",
        "last-of-type",
        "link",
        "modal",
        "only-child",
        "only-of-type",
        "open",
        "optional",
        "out-of-range",
        "placeholder-shown",
        "popover-open",
        "read-only",
        "read-write",
        "required",
        "root",
        "scope",
        "target",
        "user-invalid",
        "user-valid",
        "valid",
        "visited",
        "host",
    }
)
FUNCTIONS = frozenset(
    {
        "dir",
        "lang",
        "nth-child",
        "nth-last-child",
        "nth-last-of-type",
        "nth-of-type",
        "state",
        "host",
        "not",
        "is",
        "where",
        "has",
        "matches",
    }
)
WORDS = {
    "a compound selector": "an element, #id, .class or [attribute]",
    "got EOF": "found the end",
    "got None": "found the end",
    "got literal": "found a sign",
    "got": "found",
}


@lru_cache(maxsize=1024)
def css_fault(selector: str) -> str | None:
    """What is wrong with a selector, in words; None when nothing is."""
    if NOT_A_SELECTOR.search(QUOTED.sub("", selector)):
        return "a rule, an at-rule or a comment is no selector"
    import cssselect2.parser  # type: ignore[import-untyped]  # noqa: PLC0415 -- only when a catalogue is read

    try:
        parsed = list(cssselect2.parser.parse(selector))
    except cssselect2.parser.SelectorError as error:
        return _plain(str(error.args[-1]))
    except (RecursionError, ValueError) as error:
        return _plain(str(error))
    for one in parsed:
        if one.pseudo_element is not None:
            return "a pseudo-element (::) is no element"
    return next((fault for one in parsed for fault in _faults(one)), None)


def _plain(text: str) -> str:
    """The parser's words in a reader's words."""
    if "recursion" in text:
        return "it is nested too deeply"
    for said, meant in WORDS.items():
        text = text.replace(said, meant)
    return (text[:1].lower() + text[1:]).rstrip(".") or "it does not parse"


def _faults(node: Any) -> Iterator[str]:
    """The faults of a parsed selector and of those inside its parentheses."""
    from cssselect2 import parser  # noqa: PLC0415

    match node:
        case parser.Selector():
            yield from _faults(node.parsed_tree)
        case parser.RelativeSelector():
            yield from _faults(node.selector)
        case parser.CombinedSelector():
            yield from _faults(node.left)
            yield from _faults(node.right)
        case parser.CompoundSelector():
            for simple in node.simple_selectors:
                yield from _faults(simple)
        case parser.PseudoClassSelector() if node.name not in PSEUDO_CLASSES:
            yield f"the pseudo-class :{node.name} is not known"
        case parser.FunctionalPseudoClassSelector():
            yield from _function_faults(node)
        case (
            parser.NegationSelector()
            | parser.RelationalSelector()
            | parser.MatchesAnySelector()
            | parser.SpecificityAdjustmentSelector()
        ):
            if not node.selector_list:
                yield "a pair of parentheses holds no valid selector"
            for inner in node.selector_list:
                yield from _faults(inner)


def _function_faults(node: Any) -> Iterator[str]:
    from tinycss2.nth import parse_nth  # type: ignore[import-untyped]  # noqa: PLC0415

    if node.name not in FUNCTIONS:
        yield f"the pseudo-class :{node.name}() is not known"
    elif node.name.startswith("nth-"):
        position = []
        for token in node.arguments:
            if token.type == "ident" and token.lower_value == "of":
                break
            position.append(token)
        if parse_nth(position) is None:
            yield f":{node.name}() holds no position such as 2, odd or 2n+1"
