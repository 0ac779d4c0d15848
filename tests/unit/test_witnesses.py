"""Proving a control: two witnesses that agree, none that contradicts, and no second candidate."""

from __future__ import annotations

from typing import Any

import pytest

from optout.browser.views import ControlView
from optout.witnesses import Lead, Proved, Refusal, Refused, Witness, prove
from tests.views import AGE_CTL, AGE_PATH, control, directory, page, setting

DIRECTORY = directory()
AGE = setting("ads-age")
GENDER_PATH = "/mypreferences/d/settings/ads-by-gender"
HEADED = ((1, "Age range"),)


def verdict(path: str, *controls: ControlView, row_path: str | None = None, **changes: Any) -> Proved | Refused:
    view = page(path, *controls, versions=len(AGE.controls), **changes)
    return prove(DIRECTORY, AGE, view, Lead(path, row_path))


def refusal(*arguments: Any, **changes: Any) -> Refusal:
    found = verdict(*arguments, **changes)
    assert isinstance(found, Refused)
    return found.why


def test_place_id_and_label_together_are_three_witnesses() -> None:
    found = verdict(AGE_PATH, control(labelledby=(AGE_CTL,), names=("Age range",)), headings=HEADED)
    assert isinstance(found, Proved)
    assert found.witnesses == {Witness.PLACE, Witness.ID, Witness.LABEL}


@pytest.mark.parametrize(
    ("path", "changes", "witnesses"),
    [
        (AGE_PATH, {"labelledby": (AGE_CTL,)}, {Witness.PLACE, Witness.ID}),
        (AGE_PATH, {"names": ("Age range",)}, {Witness.PLACE, Witness.LABEL}),
        ("/elsewhere", {"labelledby": (AGE_CTL,), "names": ("Age range",)}, {Witness.ID, Witness.LABEL}),
    ],
)
def test_any_two_witnesses_are_enough(path: str, changes: dict[str, Any], witnesses: set[Witness]) -> None:
    found = verdict(path, control(**changes))
    assert isinstance(found, Proved)
    assert found.witnesses == witnesses


@pytest.mark.parametrize(
    ("path", "changes"),
    [(AGE_PATH, {}), ("/elsewhere", {"labelledby": (AGE_CTL,)}), ("/elsewhere", {"names": ("Age range",)}), ("/x", {})],
)
def test_one_witness_or_none_is_not_enough(path: str, changes: dict[str, Any]) -> None:
    assert refusal(path, control(**changes)) is Refusal.UNPROVED


def test_the_path_of_another_setting_contradicts() -> None:
    one = control(labelledby=(AGE_CTL,), names=("Age range",))
    assert refusal(GENDER_PATH, one) is Refusal.CONTRADICTED


def test_the_heading_of_another_setting_contradicts() -> None:
    one = control(labelledby=(AGE_CTL,), names=("Age range",))
    assert refusal(AGE_PATH, one, headings=((1, "Gender"),)) is Refusal.CONTRADICTED


def test_the_id_or_label_of_another_setting_contradicts() -> None:
    assert refusal(AGE_PATH, control(labelledby=("allowAdsByGender",)), headings=HEADED) is Refusal.CONTRADICTED
    assert refusal(AGE_PATH, control(names=("Gender",)), headings=HEADED) is Refusal.CONTRADICTED


def test_a_label_that_says_the_opposite_contradicts() -> None:
    found = verdict(AGE_PATH, control(names=("Do not use my data for this",)), headings=HEADED)
    assert isinstance(found, Refused)
    assert found.text == (
        "its label 'Do not use my data for this' seems to say the opposite, "
        "and the catalogue does not declare it inverted"
    )


def test_two_that_fit_equally_are_none() -> None:
    twins = (control("1", labelledby=(AGE_CTL,)), control("2", labelledby=(AGE_CTL,)))
    assert refusal(AGE_PATH, *twins, headings=HEADED) is Refusal.AMBIGUOUS


def test_a_page_without_a_control_is_absent() -> None:
    assert refusal(AGE_PATH, headings=HEADED) is Refusal.ABSENT


def test_an_index_row_speaks_for_the_page_that_the_site_leads_on_to_from_there() -> None:
    """An older spelling in the index, which redirects to an address that the catalogue does not have yet."""
    view = page("/new/address", control(), versions=len(AGE.controls), headings=HEADED)
    found = prove(DIRECTORY, AGE, view, Lead("/psettings/age", "/psettings/age"))
    assert isinstance(found, Proved)
    assert found.witnesses == {Witness.PLACE, Witness.LABEL}
    assert isinstance(prove(DIRECTORY, AGE, view, Lead("/psettings/age")), Refused)
    led_to_anothers = page(GENDER_PATH, control(), versions=len(AGE.controls), headings=HEADED)
    assert isinstance(prove(DIRECTORY, AGE, led_to_anothers, Lead("/psettings/age", "/psettings/age")), Refused)
    headed_by_another = page("/new/address", control(), versions=len(AGE.controls), headings=((1, "Gender"),))
    assert isinstance(prove(DIRECTORY, AGE, headed_by_another, Lead("/psettings/age", "/psettings/age")), Refused)


def test_a_page_of_boxes_without_a_box_says_that_there_may_be_nothing() -> None:
    education = setting("ads-education")
    path = education.paths[0].path
    view = page(path, found_by=-1, versions=len(education.controls), headings=((1, "Education and skills"),))
    found = prove(DIRECTORY, education, view, Lead(path))
    assert isinstance(found, Refused)
    assert (found.why, found.text) == (
        Refusal.ABSENT,
        "nothing to switch off is listed under 'Education and skills'; perhaps you have nothing there",
    )
