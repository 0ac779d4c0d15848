"""The letters: every language and region, what is filled in, and what may never become markup or a header."""

import email
import itertools
import re
from datetime import UTC, date, datetime
from email.policy import default as default_policy
from typing import Any

import pytest

from optout.catalogue.models import Service
from optout.errors import UsageError
from optout.outcomes import State
from optout.regions import REGIONS, region_named
from optout.rights import LANGUAGES, Person, ProvedSetting, as_draft, as_markdown, as_text, write_letter

TODAY = date(2026, 11, 23)
ADA = Person("Ada Lovelace", "ada@example.org")
PROVED = (
    ProvedSetting("Groups", State.OFF, datetime(2026, 10, 1, 8, 5, tzinfo=UTC)),
    ProvedSetting("Gender", State.ON, datetime(2026, 10, 1, 8, 5, tzinfo=UTC)),
    ProvedSetting("Age", State.ABSENT, datetime(2026, 10, 1, 8, 5, tzinfo=UTC)),
)
MARKERS = {
    "eu": ["21", "18", "17", "77"],
    "uk": ["UK GDPR", "21", "18", "Information Commissioner"],
    "ch": ["30", "31", "32", "49"],
    "us-ca": ["1798.120", "1798.121", "1798.105", "7026(f)", "15"],
    "us": ["45", "Global Privacy Control"],
    "ca": ["4.3.8", "4.3.3", "4.5.3", "11"],
    "hk": ["35G", "35L", "Data Protection Principle 3", "486"],
    "other": ["30"],
}


def service(**objection: Any) -> Any:
    base = {"url": "https://forum.example/object", "fields": ["name", "free text"], "company": "Forum Ltd"}
    return Service.model_validate(
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
            "objection": {**base, **objection},
        }
    )


def letter(region: Any = "eu", language: Any = "en", person: Any = ADA, proved: Any = PROVED, **objection: Any) -> Any:
    return write_letter(service(**objection), region_named(region), language, person, proved, TODAY)


@pytest.mark.parametrize(("language", "region"), [*itertools.product(LANGUAGES, [region.id for region in REGIONS])])
def test_every_letter_names_its_law_and_leaves_no_blank(language: Any, region: Any) -> None:
    written = letter(region, language)
    for marker in MARKERS[region]:
        assert marker in written.body
    whole = as_text(written)
    assert not re.search(r"[{}\[\]]|%\}|None|\n{3,}", whole)
    assert all(len(line) <= 78 for line in whole.splitlines())
    assert written.subject
    assert "\n" not in written.subject
    assert "https://forum.example/object" in written.notes[1]
    assert "name, free text" in written.notes[2]


@pytest.mark.parametrize("region", [region.id for region in REGIONS])
def test_the_five_languages_make_the_same_demands(region: Any) -> None:
    bodies = [letter(region, language).body for language in LANGUAGES]
    assert len({body.count("\n- ") for body in bodies}) == 1
    numbers = [sorted(re.findall(r"1798\.\d+|4\.\d\.\d|35[GL]|\b[1-9]\d\b", body)) for body in bodies]
    assert all(found == numbers[0] for found in numbers)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "This is a draft and no legal advice. Nothing has been sent; sending it is up to you."),
        ("de", "Dies ist ein Entwurf und keine Rechtsberatung. Nichts wurde abgeschickt; das Absenden ist Ihre Sache."),
        (
            "fr",
            "Ceci est un projet de lettre et non un conseil juridique. Rien n'a été envoyé ; l'envoi vous appartient.",
        ),
        (
            "es",
            "Esto es un borrador y no constituye asesoramiento jurídico. "
            "No se ha enviado nada; el envío depende de usted.",
        ),
        ("it", "Questa è una bozza e non costituisce consulenza legale. Nulla è stato inviato; l'invio spetta a Lei."),
    ],
)
def test_the_notes_say_first_that_it_is_no_legal_advice_and_unsent(language: Any, sentence: Any) -> None:
    assert letter(language=language).notes[0] == sentence


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "- Groups: off on 1 October 2026, 08:05 UTC"),
        ("de", "- Groups: aus am 1. Oktober 2026, 08:05 Uhr UTC"),
        ("fr", "- Groups : désactivé le 1er octobre 2026 à 08:05 UTC"),
        ("es", "- Groups: desactivado el 1 de octubre de 2026 a las 08:05 UTC"),
        ("it", "- Groups: disattivata, letta in data 1º ottobre 2026 alle 08:05 UTC"),
    ],
)
def test_only_what_was_proved_off_is_said_to_be_off(language: Any, line: Any) -> None:
    body = letter(language=language).body
    assert line in body
    assert "Gender" not in body
    assert "Age" not in body


def test_without_a_proof_the_letter_claims_nothing_and_the_notes_say_how_to_get_one() -> None:
    written = letter(proved=())
    assert "off on" not in written.body
    assert (
        "No setting of this account has been proved off yet. After optout run the letter lists them with their dates."
        in (written.notes)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_a_blank_to_fill_in(language: Any) -> None:
    written = letter(language=language, person=Person())
    assert len(re.findall(r"\[[^\]]+\]", written.body)) == 4
    assert len(written.notes) == len(letter(language=language).notes) + 1


def test_the_catalogues_topics_replace_the_general_ones_and_past_data_stays() -> None:
    body = letter(topics={"en": ["the sale of my posts"]}).body
    assert "- the sale of my posts\n- the continued use, for these purposes, of data that was collected" in body
    assert "fine-tuning" not in body


def test_a_language_without_topics_in_the_catalogue_has_the_general_ones() -> None:
    assert (
        "das Trainieren, Anpassen und Erproben" in letter(language="de", topics={"en": ["the sale of my posts"]}).body
    )


def test_the_address_stands_under_the_company_line_by_line() -> None:
    assert letter(address="1 High Street\nDublin").body.startswith("Forum Ltd\n1 High Street\nDublin\n\nFrom: Ada")


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as refusal:
        letter(language="tlh")
    assert str(refusal.value) == "No letter is written in the language 'tlh'. Known: en, de, fr, es, it"


def test_a_service_without_a_place_to_object_is_refused() -> None:
    silent = service().model_copy(update={"objection": None})
    with pytest.raises(UsageError, match=r"^The catalogue names no place to object for Forum\."):
        write_letter(silent, region_named("eu"), "en", ADA, (), TODAY)


@pytest.mark.parametrize("address", ["ada", "a@b, c@d", "a@b <c@d>", "@", "a b@c"])
def test_what_is_no_email_address_is_refused(address: Any) -> None:
    with pytest.raises(UsageError, match=r"is no e-mail address\. Name the account's: --email name@example\.org$"):
        letter(person=Person("Ada", address))


def test_markdown_shows_names_and_titles_as_they_are() -> None:
    proved = (ProvedSetting("[click](https://evil.example) <b>", State.OFF, PROVED[0].at),)
    page = as_markdown(letter(person=Person("*Ada* `x`", "a_b_c@example.org"), proved=proved))
    assert r"\*Ada\* \`x\`" in page
    assert r"a\_b\_c@example.org" in page
    assert r"\[click\](https://evil.example) \<b\>" in page
    assert page.startswith("# Objection and request for restriction")


def test_the_draft_opens_unsent_and_carries_the_whole_letter() -> None:
    written = letter(language="de")
    message = email.message_from_bytes(as_draft(written), policy=default_policy)
    assert message["X-Unsent"] == "1"
    assert message["To"] is None
    assert message["From"] == "ada@example.org"
    assert message["Subject"] == written.subject
    assert message.get_content().replace("\r\n", "\n") == written.body


def test_a_name_with_line_breaks_adds_no_header_and_no_line() -> None:
    written = letter(person=Person("Ada\r\nBcc: x@example.org\x1b[31m", "ada@example.org"))
    message = email.message_from_bytes(as_draft(written), policy=default_policy)
    assert message["Bcc"] is None
    assert "From: Ada Bcc: x@example.org[31m\n" in written.body
