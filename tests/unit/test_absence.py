"""When an index proves that a setting is not offered, and everything that speaks against it."""

from __future__ import annotations

from typing import Any

import pytest

from optout.absence import shown_instead
from optout.browser.views import RowView
from optout.directory import Directory
from optout.indexes import IndexReading, read_rows
from tests.views import AGE_PATH, directory, page, row, setting

DIRECTORY: Directory = directory()
ADS, PRIVACY = DIRECTORY.service.index("ads"), DIRECTORY.service.index("privacy")
LISTED = [one.id for one in DIRECTORY.service.settings if one.index == "ads"]
NEW = "/mypreferences/d/settings/something-new"


def rows_of(*missing: str) -> list[RowView]:
    """The rows of the advertising index, in English, without these settings' own."""
    listed = [one for one in DIRECTORY.service.settings if one.index == "ads" and one.id not in missing]
    return [row(f"/mypreferences/d/x/{one.id}", one.labels["en"][0], "On") for one in listed]


def ads(*rows: RowView, lang: str = "en", **changes: Any) -> IndexReading:
    return read_rows(DIRECTORY, ADS, page("/mypreferences/d/categories/ads", rows=rows, lang=lang, **changes))


def privacy(*rows: RowView, lang: str = "en", **changes: Any) -> IndexReading:
    return read_rows(DIRECTORY, PRIVACY, page("/mypreferences/d/categories/privacy", rows=rows, lang=lang, **changes))


def doubt(reading: IndexReading, setting_id: str) -> str | None:
    return reading.doubt_of_absence(DIRECTORY, DIRECTORY.setting(setting_id))


def test_a_whole_index_without_the_row_proves_absence_whatever_else_is_new_on_it() -> None:
    assert doubt(ads(*rows_of("ads-age")), "ads-age") is None
    assert doubt(ads(*rows_of("ads-age"), row(NEW, "Sponsored podcasts", "On")), "ads-age") is None


def test_a_row_of_the_setting_is_no_absence() -> None:
    assert doubt(ads(*rows_of()), "ads-age") == "lists it"


def test_an_index_is_whole_with_three_quarters_of_its_rows_and_no_missing_tail() -> None:
    quarter = LISTED[:4]
    assert ads(*rows_of(*quarter)).is_whole
    assert ads(*rows_of(*quarter, LISTED[7])).gap == "shows only 11 of its 16 known rows"
    assert ads(*rows_of(*LISTED[-2:])).is_whole
    assert ads(*rows_of(*LISTED[-3:])).gap == "ends early: its last 3 known rows are missing"
    assert ads().gap == "shows only 0 of its 16 known rows"


def test_an_index_of_few_known_settings_is_whole_with_a_few_rows_of_any_kind() -> None:
    others = [row(f"{NEW}-{at}", f"Number {at}") for at in range(3)]
    assert privacy(*others).is_whole
    assert privacy(*others[:2]).gap == "shows too few rows to be whole"
    assert privacy(row(NEW, "Data for Generative AI Improvement", "On")).is_whole


def test_a_folded_index_is_never_whole() -> None:
    assert doubt(ads(*rows_of("ads-age"), folded=True), "ads-age") == "has folded parts"


def test_an_index_that_names_a_setting_in_no_row_or_has_more_to_show_proves_nothing() -> None:
    named = "names it, but in no row that can be followed"
    assert doubt(ads(*rows_of("ads-age"), said=("Age range",)), "ads-age") == named
    assert doubt(ads(*rows_of("ads-age"), said=("Age range On",)), "ads-age") == named
    assert doubt(ads(*rows_of("ads-age"), said=("Your age range and more", "Age range preferences")), "ads-age") is None
    button = "may have more rows than it shows: it has a button 'Show 3 more'"
    assert doubt(ads(*rows_of("ads-age"), buttons=("Show 3 more",)), "ads-age") == button
    assert doubt(ads(*rows_of("ads-age"), buttons=("Learn more",)), "ads-age") is None
    assert doubt(ads(*rows_of("ads-age"), tabs=True), "ads-age") == "may have more rows than it shows: it has tabs"


def test_a_setting_s_own_page_without_its_control_proves_absence_only_where_it_has_words_and_nothing_to_operate() -> (
    None
):
    def shown(path: str = AGE_PATH, **changes: Any) -> str | None:
        plain: dict[str, Any] = {
            "headings": ((1, "Age range"),),
            "said": ("Age range", "Not available in your region."),
        }
        return shown_instead(DIRECTORY, setting("ads-age"), page(path, **{**plain, **changes}))

    assert shown() is None
    assert shown(said=("Age range",)) == "its own page shows nothing"
    for there in ({"buttons": ("Turn off",)}, {"opaque": True}, {"all_controls": (0,)}):
        assert shown(**there) == "its own page has something to operate that no version fits"
    assert shown("/feed", said=()) is None


def test_an_index_of_which_a_part_failed_is_not_whole() -> None:
    said = ("Age range", "Oops, something went wrong.")
    expected = "says that a part of it failed ('Oops, something went wrong.')"
    assert doubt(ads(*rows_of("ads-age"), said=said), "ads-age") == expected


@pytest.mark.parametrize("lang", ["fr", "fr-CA", "", "en", "sv"])
def test_a_row_that_no_one_knows_in_a_language_without_a_label_of_the_setting_may_be_its(lang: str) -> None:
    """Also where the page names the wrong language, or none: its labels speak."""
    french = DIRECTORY.setting("ai-training").labels["fr"][0]
    reading = privacy(row(f"{NEW}-ai", french, "Activé"), row(NEW, "Recherche universitaire", "Activé"), lang=lang)
    said = doubt(reading, "research")
    assert said is not None
    assert "of no known setting" in said


def test_a_language_that_cannot_be_told_covers_no_label() -> None:
    reading = privacy(*(row(f"{NEW}-{at}", f"№ {at}") for at in range(3)), lang="")
    assert doubt(reading, "research") is not None


def test_without_rows_of_nobody_the_language_does_not_matter() -> None:
    french = DIRECTORY.setting("ai-training").labels["fr"][0]
    assert doubt(privacy(row(f"{NEW}-ai", french, "Activé"), lang="fr"), "research") is None


def test_where_no_language_is_named_the_rows_tell_it() -> None:
    reading = ads(*rows_of("ads-age"), row(NEW, "Sponsored podcasts", "On"), lang="")
    assert reading.languages == {"en"}
    assert doubt(reading, "ads-age") is None
    values = privacy(row(NEW, "Quelque chose", "Activé"), row(f"{NEW}-2", "Autre", "Désactivé"), lang="")
    assert values.languages == {"fr"}


@pytest.mark.parametrize(
    ("setting_id", "label", "is_doubted"),
    [
        ("ads-age", "Age group", True),
        ("ads-off-linkedin", "Ads beyond LinkedIn", True),
        ("ads-off-linkedin", "LinkedIn podcasts", False),
        ("affiliate-sharing", "Share data with partners", True),
        ("ads-companies-followed", "Sponsored podcasts", False),
        ("ads-interests", "Interests", True),
    ],
)
def test_a_row_that_shares_half_its_words_with_a_label_may_be_the_setting_renamed(
    setting_id: str, label: str, is_doubted: bool
) -> None:
    said = doubt(ads(*rows_of(setting_id), row(NEW, label, "On")), setting_id)
    assert said == (f"has a row '{label}' that may be its own, renamed" if is_doubted else None)


def test_a_row_whose_path_and_label_disagree_may_be_either_settings() -> None:
    reading = ads(*rows_of("ads-age", "ads-gender"), row(AGE_PATH, "Gender", "Off"))
    assert doubt(reading, "ads-age") == doubt(reading, "ads-gender") == "has a row 'Gender' that may be its own"


def test_two_rows_of_one_setting_that_differ_are_no_absence() -> None:
    reading = ads(*rows_of("ads-age"), row(AGE_PATH, "Age range", "On"), row(AGE_PATH, "Age range", "Off"))
    assert doubt(reading, "ads-age") == "has a row 'Age range' that may be its own"
