"""Reading an index: whose a row is, what it shows, and whether the index is whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.browser.views import RowView
from optout.directory import Directory
from optout.indexes import IndexReading, label_and_state, merge, read_rows
from optout.outcomes import State
from tests.views import AGE_PATH, directory, page, row

DIRECTORY: Directory = directory()
ADS = DIRECTORY.service.index("ads")
LISTED = [one for one in DIRECTORY.service.settings if one.index == "ads"]


def read(*rows: RowView, lang: str = "en", **changes: Any) -> IndexReading:
    return read_rows(DIRECTORY, ADS, page("/mypreferences/d/categories/ads", rows=rows, lang=lang, **changes))


def test_a_row_with_its_own_path_and_label_is_the_settings_and_shows_its_value() -> None:
    found = read(row(AGE_PATH, "Age range", "On")).rows
    assert list(found) == ["ads-age"]
    assert (found["ads-age"].state, found["ads-age"].label_known) == (State.ON, True)


@pytest.mark.parametrize(
    ("lang", "texts", "expected"),
    [
        ("en", ("Age range", "Off"), State.OFF),
        ("en", ("Age range On",), State.ON),
        ("en", ("Age range",), None),
        ("en", ("Age range", "On", "Off"), State.UNKNOWN),
        ("en", ("Age range", "Offers"), None),
        ("sv", ("Age range", "Av"), None),
        ("de", ("Age range", "Aus"), State.OFF),
    ],
)
def test_only_a_plain_word_of_the_pages_language_is_a_value(
    lang: str, texts: tuple[str, ...], expected: State | None
) -> None:
    assert label_and_state(DIRECTORY, row(AGE_PATH, *texts), lang)[1] is expected


def test_a_path_of_one_setting_with_the_label_of_another_is_nobodys() -> None:
    reading = read(row(AGE_PATH, "Gender", "Off"))
    assert (dict(reading.rows), reading.unlisted) == ({}, ())


def test_two_rows_of_one_setting_that_differ_tell_nothing() -> None:
    assert dict(read(row(AGE_PATH, "Age range", "On"), row(AGE_PATH, "Age range", "Off")).rows) == {}


def test_two_equal_rows_are_one() -> None:
    assert list(read(row(AGE_PATH, "Age range", "On"), row(AGE_PATH, "Age range", "On")).rows) == ["ads-age"]


def test_a_row_that_leads_to_another_origin_is_no_row() -> None:
    reading = read(row(AGE_PATH, "Age range", "Off", origin="https://elsewhere.example"))
    assert (dict(reading.rows), reading.unlisted) == ({}, ())


def test_an_unknown_row_is_news_with_its_state() -> None:
    reading = read(row("/mypreferences/d/settings/something-new", "Something new", "On"))
    assert [(one.label, one.state) for one in reading.unlisted] == [("Something new", State.ON)]
    assert [one.label for one in merge([reading, reading])] == ["Something new"]


@pytest.mark.parametrize(
    ("texts", "pictures", "label", "state"),
    [
        (("Age range",), ("On",), "Age range", State.ON),
        (("Age range",), ("Chevron", "Off"), "Age range", State.OFF),
        (("Age range", "On"), ("Off",), "Age range", State.UNKNOWN),
        (("Something new",), ("Lock", "On"), "Something new", State.ON),
        (("Something new",), ("Age range",), "Something new", None),
    ],
)
def test_a_pictures_name_may_be_a_rows_value_and_is_never_its_label(
    texts: tuple[str, ...], pictures: tuple[str, ...], label: str, state: State | None
) -> None:
    shown = replace(row("/mypreferences/d/settings/something-new", *texts), pictures=pictures)
    assert label_and_state(DIRECTORY, shown, "en") == (label, state)


def test_an_index_that_shows_no_row_and_says_that_it_failed_has_failed() -> None:
    failed = ("Something went wrong", "Try again")
    assert read(said=failed).failure == "Something went wrong"
    assert read(row(AGE_PATH, "Age range", "On"), said=failed).failure is None
    assert read(said=("This page doesn’t exist",)).failure is None


TEXTS = st.text(max_size=20) | st.sampled_from(["Age range", "Gender", "On", "Off", "An", "Aus", ""])
ROWS = st.builds(
    RowView,
    href=st.sampled_from([f"https://www.linkedin.com{AGE_PATH}", "javascript:alert(1)", "about:blank", "x"])
    | st.text(max_size=20).map(lambda text: "https://www.linkedin.com/mypreferences/d/" + text),
    label=TEXTS,
    texts=st.lists(TEXTS, max_size=4).map(tuple),
)


@given(st.lists(ROWS, max_size=6), st.sampled_from(["en", "de", "sv", "", "x-klingon", "EN-us"]))
def test_no_index_can_break_its_reading_or_lend_a_value_to_another_setting(rows: list[RowView], lang: str) -> None:
    reading = read(*rows, lang=lang)
    for setting_id, found in reading.rows.items():
        owners = DIRECTORY.owners_of_path(found.path) | DIRECTORY.owners_of_row([found.label])
        by_aria = frozenset().union(*(DIRECTORY.owners_of_row([one.label]) for one in rows))
        assert setting_id in owners | by_aria
    assert not reading.is_whole
