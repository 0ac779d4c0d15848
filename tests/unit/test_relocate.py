"""A control is found again by its witnesses, and never a wrong one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from optout.browser.views import ControlView, PageView
from optout.catalogue.models import Kind, Setting
from optout.recording import is_lasting
from optout.relocate import Memory, Relocator, relocate, teach
from optout.witnesses import Lead, Proved, Refusal, Refused, Verdict, Witness
from tests.views import AGE_CTL, AGE_PATH, control, directory, page, setting, state

DIRECTORY = directory()
AGE = setting("ads-age")
LABEL = "Use “Age range” to personalize ads for me"
SEEN: dict[str, Any] = {
    "tag": "input",
    "type": "checkbox",
    "role": "switch",
    "id": None,
    "name": None,
    "labelledby": ["ageForAds"],
    "names": [LABEL, "On"],
    "ancestors": ["div", "main"],
}


def box(key: str = "1", **changes: Any) -> ControlView:
    """A plain checkbox, which no version of the age setting finds."""
    return control(key, **{"role": None, **changes})


def look(*controls: ControlView, **changes: Any) -> PageView:
    given = {"headings": ((1, "Age range"),), **changes}
    return page(AGE_PATH, *controls, found_by=-1, versions=len(AGE.controls), **given)


def find(view: PageView, seen: dict[str, Any] | None = None, one: Setting = AGE) -> Verdict:
    finder = Relocator(DIRECTORY, {one.id: seen} if seen else {})
    return finder(DIRECTORY, one, view, Lead(view.path))


def refused(verdict: Verdict) -> Refusal:
    assert isinstance(verdict, Refused), verdict
    return verdict.why


def test_the_own_id_finds_a_control_of_another_kind() -> None:
    right = box("2", labelledby=(AGE_CTL,))
    verdict = find(look(box("1", names=("Remind me",)), right))
    assert isinstance(verdict, Proved)
    assert (verdict.controls, verdict.selector, verdict.version.kind) == ((right,), "relocated", Kind.SWITCH)
    assert verdict.witnesses == {Witness.PLACE, Witness.LABEL, Witness.ID}
    assert verdict.score is not None
    assert 0.35 < verdict.score <= 1.0


def test_what_the_last_run_saw_is_an_id_and_a_label() -> None:
    by_id, by_name = box("2", labelledby=("ageForAds",)), box("2", names=(LABEL,))
    for right in (by_id, by_name):
        view = look(box("1", names=("Age range in e-mails",)), right, headings=())
        assert refused(find(view)) is Refusal.ABSENT
        verdict = find(view, SEEN)
        assert isinstance(verdict, Proved)
        assert verdict.controls == (right,)


def test_a_similar_label_is_no_witness_where_there_is_another_control() -> None:
    view = look(box("1", names=("Age range: tell me about news",)), box("2", names=("Age range in e-mails",)))
    assert refused(find(view, SEEN)) is Refusal.ABSENT


def test_the_only_control_is_found_by_path_and_heading_if_its_label_speaks_of_the_subject() -> None:
    assert isinstance(find(look(box(names=("Let us use your age range",)))), Proved)
    assert refused(find(look(box(names=("Remember me on this computer",))))) is Refusal.ABSENT
    assert refused(find(look(box(names=("Let us use your age range",)), headings=()))) is Refusal.ABSENT


def test_two_that_both_say_they_are_it_are_not_chosen_between() -> None:
    view = look(box("1", labelledby=(AGE_CTL,)), box("2", names=("Age range",)))
    assert refused(find(view)) is Refusal.AMBIGUOUS


@pytest.mark.parametrize("name", ["Do not use my age", "Opt out of ads by age range"])
def test_a_negated_label_is_refused_whatever_else_speaks_for_it(name: str) -> None:
    assert refused(find(look(box(labelledby=(AGE_CTL,), names=(name,))), SEEN)) is Refusal.CONTRADICTED


def test_a_control_with_another_settings_label_is_refused() -> None:
    view = look(box(labelledby=(AGE_CTL,), names=("Gender",)))
    assert refused(find(view)) is Refusal.CONTRADICTED


def test_nothing_is_looked_for_after_a_contradiction() -> None:
    stranger, likely = control("1", labelledby=("allowAdsByGender",)), box("2", names=("Age range",))
    view = replace(look(stranger, likely), matches=((), (0,), (), ()))
    assert refused(find(view)) is Refusal.CONTRADICTED


def test_a_page_of_another_setting_is_never_searched() -> None:
    assert refused(find(look(box(labelledby=(AGE_CTL,)), headings=((1, "Gender"),)))) is Refusal.CONTRADICTED


def radios(labels: tuple[str, ...], **changes: Any) -> list[ControlView]:
    return [
        control(
            f"r{at}",
            type="radio",
            role=None,
            name="ageChoice",
            names=(label,),
            state=state(native="radio", value=str(at), checked=at == 0),
            **changes,
        )
        for at, label in enumerate(labels)
    ]


def test_a_pair_of_on_and_off_takes_the_place_of_a_switch() -> None:
    verdict = find(look(*radios(("On", "Off"), group=("Age range",))))
    assert isinstance(verdict, Proved)
    assert (verdict.version.kind, verdict.version.off_value, verdict.version.on_value) == (Kind.RADIOS, "1", "0")


@pytest.mark.parametrize("labels", [("Always", "Never"), ("On", "Off", "Ask me"), ("On", "On"), ("Off", "Off")])
def test_choices_that_do_not_plainly_say_which_is_off_are_refused(labels: tuple[str, ...]) -> None:
    assert refused(find(look(*radios(labels, group=("Age range",))))) is Refusal.ABSENT


def test_a_select_of_on_and_off_takes_the_place_of_a_switch() -> None:
    chooser = control(
        tag="select", type=None, role=None, name=AGE_CTL, options=(("y", "On"), ("n", "Off")),
        state=state(native="select", value="y", checked=None),
    )  # fmt: skip
    verdict = find(look(chooser))
    assert isinstance(verdict, Proved)
    assert (verdict.version.kind, verdict.version.off_value) == (Kind.SELECT, "n")


def test_an_inverted_control_is_found_again_only_under_a_label_that_is_known() -> None:
    version = AGE.controls[0].model_copy(update={"inverted": True})
    inverted = AGE.model_copy(update={"controls": (version,)})
    view = page(AGE_PATH, box(labelledby=(AGE_CTL,), names=("Use my age",)), found_by=-1)
    assert refused(find(view, one=inverted)) is Refusal.CONTRADICTED
    known = page(AGE_PATH, box(labelledby=(AGE_CTL,), names=("Age range",)), found_by=-1)
    verdict = find(known, one=inverted)
    assert isinstance(verdict, Proved)
    assert verdict.version.inverted


def test_boxes_are_found_again_only_where_all_stand_together_and_alone() -> None:
    education = setting("ads-education")

    def verdict_on(*boxes: ControlView) -> Verdict:
        view = page(
            "/psettings/advertising/education", *boxes, found_by=-1, versions=3, headings=((1, "Education and skills"),)
        )
        return find(view, one=education)

    schools = (box("1", names=("A school",), among="9"), box("2", names=("Another",), among="9"))
    verdict = verdict_on(*schools)
    assert isinstance(verdict, Proved)
    assert verdict.controls == schools
    assert refused(verdict_on(*schools, box("3", among="8"))) is Refusal.ABSENT
    assert refused(verdict_on(*schools, control("3", among="9"))) is Refusal.ABSENT


def test_what_two_settings_share_is_no_ones_own() -> None:
    memory = Memory.of({**SEEN, "names": ["Use this data for ads"]})
    taught = teach(DIRECTORY, {"ads-age": memory, "ads-gender": memory})
    assert taught.owners_of_ids(["ageForAds"]) == frozenset()
    assert taught.owners_of_label(["Use this data for ads"]) == frozenset()


@pytest.mark.parametrize(
    "name", ["allowAdsByAge", "share_with_sponsors", "nonEssentialCookieConsent", "smart-replies", "newsletter"]
)
def test_an_id_of_words_is_lasting(name: str) -> None:
    assert is_lasting(name)


@pytest.mark.parametrize(
    "name", ["ember412", ":r3:", "_switch_12ycew", "label", "settingSwitch", "QmFzZTYV", "a", "css-xk1"]
)
def test_an_id_made_by_a_build_or_shared_by_many_is_not(name: str) -> None:
    assert not is_lasting(name)


def test_a_lone_control_of_which_nothing_is_known_is_refused() -> None:
    """Another language and an unknown address: neither the page nor the control says anything."""
    headed: dict[str, Any] = {"headings": ((1, "Tranche"),), "lang": "fr"}
    view = page("/new/address", control(), found_by=-1, versions=len(AGE.controls), **headed)
    boxes = replace(view, matches=((),) * len(setting("ads-education").controls))
    for one in (AGE, setting("ads-education")):
        assert refused(find(view if one is AGE else boxes, one=one)) in (Refusal.ABSENT, Refusal.UNPROVED)
    assert refused(relocate(DIRECTORY, AGE, view, Lead(view.path), Memory.of(None))) is Refusal.UNPROVED
