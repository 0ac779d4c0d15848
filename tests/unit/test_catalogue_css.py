"""Which CSS selectors a catalogue may hold."""

from __future__ import annotations

import pytest

from optout.catalogue.css import css_fault

FAULTS = [
    ("", "expected an element, #id, .class or [attribute], found the end"),
    ("a >", "expected an element, #id, .class or [attribute], found the end"),
    ("a[", "expected attribute name, found the end"),
    ("a:nth-child(x)", ":nth-child() holds no position such as 2, odd or 2n+1"),
    ("a:has(b:chekced)", "the pseudo-class :chekced is not known"),
    ("a:unknown(x)", "the pseudo-class :unknown() is not known"),
    ("a::before", "a pseudo-element (::) is no element"),
    ("a:has()", "a pair of parentheses holds no valid selector"),
    ("a{}", "a rule, an at-rule or a comment is no selector"),
    ("@import 'x'", "a rule, an at-rule or a comment is no selector"),
    (":not(" * 400 + "a" + ")" * 400, "it is nested too deeply"),
]


@pytest.mark.parametrize(
    "selector",
    [
        "a", 'a[href*="x" i]', ":is(a, b > c)", ":not(a, b)", "a:has(> b, + c)", "a:nth-child(2n+1 of .b)", "*|a",
        'input[role="switch"]#x', "label:has(+ input:checked)", ":scope > a", '[data-x="a;b{}"]', "x-element",
    ],
)  # fmt: skip
def test_selectors_of_level_four_are_accepted(selector: str) -> None:
    assert css_fault(selector) is None


@pytest.mark.parametrize(("selector", "fault"), FAULTS, ids=[fault[:30] for _, fault in FAULTS])
def test_what_selects_nothing_or_is_no_selector_is_told_in_words(selector: str, fault: str) -> None:
    assert css_fault(selector) == fault
