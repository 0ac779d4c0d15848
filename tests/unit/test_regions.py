"""The table of regions, and what the catalogue knows of each."""

from datetime import timedelta
from typing import Any

import pytest

from optout.catalogue.loading import load_catalogue
from optout.catalogue.models import Service
from optout.errors import UsageError
from optout.outcomes import AccountResult, Outcome, SettingResult, Status
from optout.regions import REGIONS, Law, explain, notes_of, region_named

SERVICE = Service.model_validate(
    {
        "id": "forum",
        "title": "Forum",
        "origin": "https://forum.example",
        "main": [{"id": "one", "seen": "2026-01-01", "evidence": "A", "css": "main"}],
        "groups": [{"id": "ads", "title": "Ads"}],
        "settings": [
            {
                "id": "ads",
                "group": "ads",
                "title": "Ads",
                "controls": [{"id": "one", "seen": "2026-01-01", "evidence": "A", "css": "input"}],
            }
        ],
        "regional": [
            {"regions": ["eu", "uk"], "settings": ["ads"], "text": "On by default since May."},
            {"regions": ["eu"], "text": "Nothing is shared with affiliates."},
            {"regions": ["us"], "settings": ["ads"], "text": "On by default since ever."},
        ],
    }
)


@pytest.mark.parametrize(
    ("name", "region_id"),
    [
        ("eu", "eu"),
        ("DE", "eu"),
        ("no", "eu"),
        ("li", "eu"),
        ("GB", "uk"),
        ("us_ca", "us-ca"),
        (" ch ", "ch"),
        ("ca", "ca"),
    ],
)
def test_a_region_is_found_by_its_id_or_country(name: Any, region_id: Any) -> None:
    assert region_named(name).id == region_id


@pytest.mark.parametrize("name", ["atlantis", "e", "at be", "us-tx"])
def test_an_unknown_region_is_refused_with_the_known_ones(name: Any) -> None:
    with pytest.raises(UsageError) as refusal:
        region_named(name)
    assert str(refusal.value) == (
        f"The region {name!r} is unknown. Known: eu (European Union and European Economic Area), uk (United Kingdom), "
        "ch (Switzerland), us-ca (California), us (United States (other than California)), ca (Canada), "
        "hk (Hong Kong), other (anywhere else); a country of the European Economic Area may be named by its "
        "two letters too. Where your law is not among them, use --region other"
    )


def test_no_region_is_asked_for_in_words_of_its_own() -> None:
    with pytest.raises(UsageError, match=r"^The law depends on where you live: add --region\. Known: eu "):
        region_named("")


def test_every_law_belongs_to_one_region() -> None:
    assert sorted(region.law for region in REGIONS) == sorted(Law)
    assert len({region.id for region in REGIONS}) == len(REGIONS)


def test_every_region_has_a_deadline_and_its_source() -> None:
    assert all(timedelta(days=14) < region.deadline < timedelta(days=60) for region in REGIONS)
    assert all(region.deadline_source and region.grounds for region in REGIONS)


def test_a_setting_is_explained_by_its_own_notes_and_the_general_ones() -> None:
    texts = [note.text for note in explain(SERVICE, region_named("fr"), "ads")]
    assert texts == ["On by default since May.", "Nothing is shared with affiliates."]


def test_without_a_setting_only_the_general_notes_are_given() -> None:
    assert [note.text for note in explain(SERVICE, region_named("eu"))] == ["Nothing is shared with affiliates."]


def test_another_settings_note_explains_nothing() -> None:
    assert explain(SERVICE, region_named("uk"), "other-setting") == ()


def notes(region: str | None, *outcomes: Outcome) -> tuple[str, ...]:
    settings = tuple(SettingResult("ads", "ads", "Ads", one, reason="why") for one in outcomes)
    result = AccountResult("me", "forum", Status.DONE, None, 1, settings)
    catalogue = load_catalogue().model_copy(update={"services": (SERVICE,)})
    return notes_of(catalogue, region_named(region) if region else None, result)


def test_a_report_tells_what_applies_where_one_lives() -> None:
    told = ("European Union and European Economic Area: Nothing is shared with affiliates.",)
    assert notes("eu") == told
    assert notes("de", Outcome.FAILED) == (
        "European Union and European Economic Area: On by default since May.",
        *told,
    )
    assert notes("ca", Outcome.FAILED) == ()


def test_a_report_without_a_region_still_explains_what_is_not_offered() -> None:
    (note,) = notes(None, Outcome.NOT_OFFERED)
    assert note.startswith("Not offered to this account: Ads. ")
