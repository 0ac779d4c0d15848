"""Whose label, path or id is this, and what a label says."""

from __future__ import annotations

import pytest

from optout.phrases import normalize
from tests.views import AGE_CTL, AGE_PATH, directory

DIRECTORY = directory()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("  Age\n range ", "age range"), ("Don’t use it!", "don't use it"), ("ＡＧＥ：", "age"), ("Straße…", "strasse")],
)
def test_case_spacing_quotes_and_closing_marks_do_not_count(text: str, expected: str) -> None:
    assert normalize(text) == expected


def test_paths_ids_and_labels_lead_to_their_setting() -> None:
    assert DIRECTORY.owners_of_path(AGE_PATH + "/") == {"ads-age"}
    assert DIRECTORY.owners_of_ids(["nothing", AGE_CTL]) == {"ads-age"}
    assert DIRECTORY.owners_of_label(["Daten zur Verbesserung generativer KI"]) == {"ai-training"}
    assert DIRECTORY.owners_of_label(["Age"]) == frozenset()


def test_a_controls_label_is_no_index_label() -> None:
    text = "Use my data for training content creation AI models"
    assert DIRECTORY.owners_of_label([text]) == {"ai-training"}
    assert DIRECTORY.owners_of_row([text]) == frozenset()


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("Do not use my data", "en", True),
        ("Don't use my data", "en-GB", True),
        ("Notify me", "en", False),
        ("Meine Daten nicht verwenden", "de", True),
        ("Nichts verpassen", "de", False),
        ("Ne pas utiliser mes données", "", True),
        ("No usar mis datos", "es", True),
        ("Hide my age from advertisers", "en", True),
        ("Block non-essential cookies", "en", True),
        ("Keep my interests out of ads", "en", True),
        ("Keep it. I may read one two three four five six seven out of ads", "en", False),
        ("Schließen Sie mein Alter aus", "de", True),
        ("Limiter l’utilisation de mes données", "fr", True),
    ],
)
def test_a_negation_counts_as_a_whole_word_of_the_pages_language(text: str, lang: str, expected: bool) -> None:
    assert DIRECTORY.is_negated(text, lang) is expected


@pytest.mark.parametrize(
    "text",
    [
        "Oops, something went wrong!",
        "Try again later.",
        "Da ist etwas schiefgelaufen",
        "Une erreur s’est produite.",
        "Ha ocurrido un error",
        "Qualcosa è andato storto",
        "Algo deu errado. Tente novamente mais tarde.",
    ],
)
def test_a_page_may_say_in_any_language_that_it_failed(text: str) -> None:
    assert DIRECTORY.trouble_in(["Settings", text]) == text


def test_a_page_that_is_not_there_or_not_offered_has_not_failed() -> None:
    texts = ["This page doesn’t exist", "Please check your URL", "This setting is not available in your region.", "Try"]
    assert DIRECTORY.trouble_in(texts) is None


def test_what_only_tells_a_value_is_no_name() -> None:
    assert DIRECTORY.own_names(("On", "Désactivé", "·", "Age range")) == ("Age range",)


def test_what_was_taught_is_known_beside_the_catalogue() -> None:
    taught = DIRECTORY.taught({"Use my age": "ads-age"}, {"ageToggle": "ads-age"})
    assert taught.owners_of_label(["use my age"]) == {"ads-age"}
    assert taught.owners_of_ids(["ageToggle"]) == {"ads-age"}
    assert taught.owners_of_label(["Gender"]) == {"ads-gender"}
    assert DIRECTORY.owners_of_ids(["ageToggle"]) == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Send me e-mail notifications about product news", True),
        ("Den Newsletter bestellen", True),
        ("Send me ads for my age range", False),
        ("Use this for ads", False),
        ("Newsletter Editor", False),
    ],
)
def test_a_label_about_messages_is_about_something_else_unless_it_speaks_of_the_setting(
    text: str, expected: bool
) -> None:
    assert DIRECTORY.is_unrelated("ads-age", text) is expected
