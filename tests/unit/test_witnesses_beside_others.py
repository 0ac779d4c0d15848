"""Which control of a page is the right one, where others stand beside it or something contradicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from optout.browser.views import ControlView, PageView
from optout.catalogue.models import Kind
from optout.witnesses import Lead, Proved, Refusal, Refused, Verdict, Witness, prove
from tests.views import AGE_CTL, AGE_PATH, control, directory, page, setting, state

DIRECTORY = directory()
AGE = setting("ads-age")
GROUPS = setting("ads-groups")
GROUPS_PATH = "/mypreferences/d/settings/ads-based-on-groups"


def age_page(*controls: ControlView, found_by: int = 1, **changes: Any) -> PageView:
    """The age page; its controls are found by the version `found_by` (1: the only switch of the page)."""
    given = {"headings": ((1, "Age range"),), **changes}
    return page(AGE_PATH, *controls, found_by=found_by, versions=len(AGE.controls), **given)


def prove_age(view: PageView, row_path: str | None = None) -> Verdict:
    return prove(DIRECTORY, AGE, view, Lead(view.path, row_path))


def refusal(verdict: Verdict) -> tuple[Refusal, str]:
    assert isinstance(verdict, Refused)
    return verdict.why, verdict.text


def test_place_id_and_heading_are_three_witnesses() -> None:
    verdict = prove_age(age_page(control(labelledby=(AGE_CTL,)), found_by=0))
    assert isinstance(verdict, Proved)
    assert verdict.witnesses == {Witness.PLACE, Witness.ID, Witness.LABEL}
    assert verdict.said == (f"path {AGE_PATH}", "heading 'Age range'", f"id {AGE_CTL}")
    assert verdict.selector == "2026-07"


def test_the_only_control_of_a_page_is_proved_by_path_and_heading() -> None:
    verdict = prove_age(age_page(control(names=("Use this for ads",))))
    assert isinstance(verdict, Proved)
    assert verdict.witnesses == {Witness.PLACE, Witness.LABEL}


def test_path_and_heading_do_not_tell_a_lone_match_from_another_control_beside_it() -> None:
    view = age_page(control("1", names=("Show hints",)), control("2", role=None, names=("Use this for ads",)))
    verdict = prove_age(_found(view, 1, (0,)))
    assert refusal(verdict) == (
        Refusal.UNPROVED,
        "a control is there ('show hints'), but other controls are beside it and nothing of its own says that it is "
        "the right one",
    )


def test_a_control_beside_it_that_bears_the_settings_own_id_is_no_stranger() -> None:
    decoy, right = control("1", names=("Remind me",)), control("2", role=None, labelledby=(AGE_CTL,))
    assert refusal(prove_age(_found(age_page(decoy, right), 1, (0,))))[0] is Refusal.UNPROVED


def test_a_label_is_no_proof_while_a_control_beside_it_bears_the_settings_id() -> None:
    labelled, right = control("1", names=("Age range",)), control("2", role=None, labelledby=(AGE_CTL,))
    assert refusal(prove_age(_found(age_page(labelled, right), 1, (0,))))[0] is Refusal.UNPROVED


def test_a_list_of_other_things_beside_it_takes_nothing_from_the_only_switch() -> None:
    def verdict_on(*labels: str, role: str | None = None) -> Verdict:
        chips = [control(str(at), role=role, names=(label,), among="9") for at, label in enumerate(labels, 2)]
        own = control("1", names=("Use my age range for ads",), among="8")
        return prove_age(_found(age_page(own, *chips), 1, (0,)))

    assert isinstance(verdict_on("Cooking", "Theatre", "Travelling"), Proved)
    for labels, role in (
        (("Cooking", "Theatre"), None),
        (("Cooking", "Theatre", "Age ranges of friends"), None),
        (("Cooking", "Theatre", "Travelling"), "switch"),
    ):
        assert refusal(verdict_on(*labels, role=role))[0] is Refusal.UNPROVED


def test_a_control_beside_it_that_is_another_settings_does_not_matter() -> None:
    own, other = control("1", names=("Use this for ads",)), control("2", labelledby=("allowAdsByGender",))
    verdict = prove_age(_found(age_page(own, other), 1, (0,)))
    assert isinstance(verdict, Proved)
    assert verdict.controls == (own,)


def test_of_several_that_fit_the_one_with_the_own_label_is_proved() -> None:
    own = control("2", names=("Age range",))
    verdict = prove_age(age_page(control("1", names=("Remind me",)), own))
    assert isinstance(verdict, Proved)
    assert verdict.controls == (own,)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"labelledby": ("allowAdsByGender",)}, "the control's id belongs to 'Gender'"),
        ({"names": ("Gender",)}, "the control is labelled 'Gender', which is 'Gender'"),
        (
            {"names": ("Do not use my age for ads",)},
            "its label 'Do not use my age for ads' seems to say the opposite, and the catalogue does not declare it "
            "inverted",
        ),
    ],
)
def test_what_a_control_says_of_itself_can_contradict(changes: dict[str, Any], text: str) -> None:
    assert refusal(prove_age(age_page(control(**changes)))) == (Refusal.CONTRADICTED, text)


def test_a_label_beside_a_control_without_a_name_can_say_the_opposite() -> None:
    view = age_page(control(names=("On",), beside=("Do not use my age for ads",)))
    assert refusal(prove_age(view))[0] is Refusal.CONTRADICTED


def test_a_negation_in_the_settings_own_name_turns_nothing_round() -> None:
    cookies = setting("cookies")
    box = control(id="nonEssentialCookieConsent", names=("Permitir cookies no esenciales",))
    view = page("/mypreferences/d/member-cookies", box, versions=len(cookies.controls), lang="es")
    assert isinstance(prove(DIRECTORY, cookies, view, Lead(view.path)), Proved)
    refused = control(id="nonEssentialCookieConsent", names=("No permitir cookies no esenciales",))
    view = page("/mypreferences/d/member-cookies", refused, versions=len(cookies.controls), lang="es")
    assert refusal(prove(DIRECTORY, cookies, view, Lead(view.path)))[0] is Refusal.CONTRADICTED


def test_an_index_row_that_leads_to_an_unknown_path_is_the_place() -> None:
    view = page("/new/place", control(names=("Groups",)), versions=len(GROUPS.controls))
    led = prove(DIRECTORY, GROUPS, view, Lead("/new/place", "/new/place"))
    assert isinstance(led, Proved)
    assert led.witnesses == {Witness.PLACE, Witness.LABEL}
    assert refusal(prove(DIRECTORY, GROUPS, view, Lead("/new/place")))[0] is Refusal.UNPROVED


def test_a_newer_version_that_does_not_fit_leaves_it_to_an_older_one() -> None:
    verdict = prove_age(age_page(control(names=("Age range",)), found_by=2))
    assert isinstance(verdict, Proved)
    assert verdict.selector == "2023"


def test_boxes_whose_legend_says_the_opposite_or_that_may_not_be_all_are_refused() -> None:
    education = setting("ads-education")

    def verdict(legend: str, **changes: Any) -> Verdict:
        boxes = (control("1", role=None, group=(legend,)), control("2", role=None, group=(legend,)))
        headed: dict[str, Any] = {"versions": 3, "headings": ((1, "Education and skills"),)}
        view = page("/psettings/advertising/education", *boxes, **headed, **changes)
        return prove(DIRECTORY, education, view, Lead(view.path))

    assert isinstance(verdict("Used for ads"), Proved)
    for legend in ("Do not use these for ads", "Excluded from ads"):
        assert refusal(verdict(legend))[0] is Refusal.CONTRADICTED
    for more in ({"buttons": ("Show 2 more",)}, {"tabs": True}):
        assert refusal(verdict("Used for ads", **more))[0] is Refusal.AMBIGUOUS


def test_boxes_of_two_makes_are_not_one_set() -> None:
    education = setting("ads-education")
    boxes = (control("1", role=None, names=("A school",)), control("2", tag="button", names=("News",)))
    view = page("/psettings/advertising/education", *boxes, versions=3, headings=((1, "Education and skills"),))
    assert refusal(prove(DIRECTORY, education, view, Lead(view.path)))[0] is Refusal.AMBIGUOUS


def test_radio_buttons_of_two_sets_are_not_one_control() -> None:
    version = AGE.controls[0].model_copy(update={"kind": Kind.RADIOS, "off_value": "no", "ctl": None})
    one = AGE.model_copy(update={"controls": (version,)})
    radios = [
        control(str(at), role=None, type="radio", name=name, state=state(native="radio", value=value))
        for at, (name, value) in enumerate((("a", "yes"), ("b", "no")))
    ]
    view = page(AGE_PATH, *radios, headings=((1, "Age range"),))
    assert refusal(prove(DIRECTORY, one, view, Lead(AGE_PATH))) == (
        Refusal.AMBIGUOUS,
        "the radio buttons are not one set with one 'no'",
    )


def _found(view: PageView, version: int, at: tuple[int, ...]) -> PageView:
    """The same page, where a version finds only these of its controls."""
    return replace(view, matches=tuple(at if number == version else () for number in range(len(view.matches))))


def test_a_lone_control_that_is_about_something_else_is_not_the_settings() -> None:
    stray = control(names=("Send me e-mail notifications about product news",))
    assert refusal(prove_age(age_page(stray))) == (
        Refusal.UNPROVED,
        "a control is there, but its label ('send me e-mail notifications about product news') is about something else",
    )
    with_its_id = control(names=stray.names, labelledby=(AGE_CTL,))
    assert isinstance(prove_age(age_page(with_its_id, found_by=0)), Proved)


def test_a_page_of_boxes_with_one_about_something_else_is_left_alone() -> None:
    employer = setting("ads-employer")
    boxes = [
        control(str(at), type="checkbox", role=None, names=(name,))
        for at, name in enumerate(("Acme Corp", "Newsletter Monthly Ltd", "Send me the newsletter"))
    ]

    def proved(*some: ControlView) -> Verdict:
        path, found = "/psettings/advertising/employer", tuple(range(len(some)))
        view = page(path, *some, versions=len(employer.controls), headings=((1, "Employer"),))
        view = replace(view, matches=tuple(found if at == 0 else () for at in range(len(employer.controls))))
        return prove(DIRECTORY, employer, view, Lead(path))

    assert isinstance(proved(*boxes[:2]), Proved)
    assert refusal(proved(*boxes)) == (
        Refusal.CONTRADICTED,
        "one of the boxes ('send me the newsletter') speaks of something else",
    )


def test_where_nothing_speaks_for_a_control_it_is_said_so() -> None:
    view = page("/somewhere", control(), found_by=1, versions=len(AGE.controls), headings=())
    assert refusal(prove_age(view)) == (Refusal.UNPROVED, "a control is there, but nothing speaks for it")
