"""Dialogs: answered only where they ask whether to turn this setting off, and only by what turns it off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from optout.browser.views import ButtonView, DialogView
from optout.directory import Directory
from optout.obstacles import BANNER_WORDS, Asked, Obstacles, QuestionWords, answering_button, asks_whether_to_turn_off
from optout.phrases import normalize
from tests.views import directory

DIRECTORY: Directory = directory()
WORDS = QuestionWords.of(DIRECTORY.languages.values())


def dialog(text: str, *buttons: str, key: str = "d") -> DialogView:
    return DialogView(key, text, tuple(ButtonView(f"{key}{at}", name) for at, name in enumerate(buttons)))


def pressed(text: str, *buttons: str, **how: Any) -> str | None:
    found = answering_button(dialog(text, *buttons), WORDS, **how)
    return found.name if found else None


@pytest.mark.parametrize(
    ("text", "buttons", "expected"),
    [
        ("Turn off? You will see other ads.", ("Cancel", "Turn off"), "Turn off"),
        ("Deaktivieren?", ("Abbrechen", "Deaktivieren"), "Deaktivieren"),
        ("Turn off? You will stay signed in.", ("Yes", "No"), "Yes"),
        ("Turn off? You can turn it back on at any time.", ("Yes", "No"), "Yes"),
        ("Ads will be less relevant. You can turn this back on any time.", ("Cancel", "Turn off"), "Turn off"),
        ("Turning this off will also stop sharing with affiliates.", ("Cancel", "Turn off"), "Turn off"),
        ("Do you want to turn off this setting?", ("No", "Yes"), "Yes"),
        ("Are you sure you want to turn this off?", ("No, keep it on", "Yes"), "Yes"),
        ("Are you sure you want to turn this off?", ("Don't turn off", "Yes"), "Yes"),
        ("Keep personalization?", ("Yes, keep", "No, turn off"), "No, turn off"),
        ("Turn profile location off?\nAre you sure?", ("Cancel", "Confirm"), "Confirm"),
        ("Turn off?\nYou can turn it back on at any time.", ("Cancel", "Turn off"), "Turn off"),
        ("Turn off?\nWhen turned off, other ads are shown, which we also choose.", ("Cancel", "Turn off"), "Turn off"),
        ("Turn off measurement?", ("Turn off for 30 days", "Turn off", "Cancel"), "Turn off"),
        ("Turning off makes ads less relevant.\nKeep it on?", ("OK", "Turn it off anyway"), "Turn it off anyway"),
        ("Don’t turn this off – keep seeing relevant ads?", ("Continue", "Turn off anyway"), "Turn off anyway"),
        ("Stop sharing?", ("Keep sharing", "Stop sharing"), "Stop sharing"),
        ("Möchten Sie diese Einstellung wirklich ausschalten?", ("Nein, behalten", "Ja"), "Ja"),
        ("Sind Sie sicher, dass Sie Gruppen deaktivieren möchten?", ("Abbrechen", "Bestätigen"), "Bestätigen"),
        ("Personalisierung behalten?", ("Ja, behalten", "Nein, ausschalten"), "Nein, ausschalten"),
        ("Voulez-vous vraiment désactiver ce paramètre ?", ("Non, garder", "Oui"), "Oui"),
        ("Garder la personnalisation ?", ("Oui, garder", "Non, désactiver"), "Non, désactiver"),
        ("¿Seguro que quieres desactivar esto?", ("No, mantener", "Sí"), "Sí"),
        ("¿Mantener la personalización?", ("Sí, mantener", "No, desactivar"), "No, desactivar"),
        ("Vuoi davvero disattivare questa impostazione?", ("No, mantieni", "Sì"), "Sì"),
        ("Mantenere la personalizzazione?", ("Sì, mantieni", "No, disattiva"), "No, disattiva"),
        ("Tem certeza de que deseja desativar isto?", ("Não, manter", "Sim"), "Sim"),
        ("Manter a personalização?", ("Sim, manter", "Não, desativar"), "Não, desativar"),
    ],
)
def test_a_question_whether_to_turn_off_is_answered_by_turning_off(
    text: str, buttons: tuple[str, ...], expected: str
) -> None:
    assert pressed(text, *buttons) == expected


@pytest.mark.parametrize(
    ("text", "buttons"),
    [
        ("Try Premium for free", ("Maybe later", "Continue")),
        ("Try Premium for free", ("No", "Yes")),
        ("Turn off?", ("Turn off", "Turn off")),
        ("Turn off?", ("Turn on", "Cancel")),
        ("Turn off your notifications, or turn off your phone?", ("Cancel",)),
        ("Do you want to turn off this setting?", ("Yes", "OK")),
        ("Do you want to turn off this setting?", ("Yes", "Turn off for 30 days")),
        ("", ()),
        ("", ("OK",)),
        ("Turn off", ("OK", "Cancel")),
        ("AI training is turned off\nWould you like to try Premium free for a month?", ("Yes", "No thanks")),
        ("Saved\nYou can turn this off for all devices. Follow our page?", ("OK", "Not now")),
        ("You turned off ads based on groups\nTurn it back on?", ("Yes", "Close")),
        ("Turn it back on?", ("Turn off", "Close")),
        ("Also disable all email notifications?", ("Turn off", "Not now")),
        ("Disable all email notifications?", ("Yes", "Not now")),
        ("Groups are off now. Turn off connections as well?", ("Turn off", "Not now")),
        ("Turn off other settings too", ("Turn off", "Not now")),
        ("Turn off ads with Premium?", ("Turn off", "No")),
        ("Don't turn this off – keep seeing relevant ads?", ("Continue", "Turn off now")),
        ("Stop! Do you want to keep groups on?", ("Yes", "No")),
        ("Turning off makes ads less relevant. Keep it on?", ("OK", "Cancel")),
        ("Are you sure you don't want to turn this off?", ("Yes", "No")),
        ("Before you turn this off, would you like to take a survey?", ("Yes", "No")),
        ("Do you want to know what happens when you turn this off?", ("Continue", "Cancel")),
        ("Turn on ads off the site?", ("Yes", "No")),
        ("Turn off? Do you like our ads?", ("Yes", "No")),
        ("Nonstop turnoffs?", ("Yes", "No")),
        ("Gruppen sind jetzt aus. Wieder einschalten?", ("Ja", "Nein")),
        ("Auch alle E-Mail-Benachrichtigungen ausschalten?", ("Ausschalten", "Nicht jetzt")),
        ("Nicht ausschalten, sondern behalten?", ("Ja", "Nein")),
        ("Le paramètre est désactivé. Essayer Premium gratuitement ?", ("Oui", "Non merci")),
        ("Désactiver aussi les notifications ?", ("Désactiver", "Plus tard")),
        ("Se ha desactivado. ¿Volver a activar?", ("Sí", "Cerrar")),
        ("¿Desactivar también las notificaciones?", ("Desactivar", "Ahora no")),
        ("Disattivare anche le notifiche?", ("Disattiva", "Non ora")),
        ("Vuoi riattivarlo?", ("Sì", "Chiudi")),
        ("Desativar também as notificações?", ("Desativar", "Agora não")),
        ("Foi desativado. Ativar de novo?", ("Sim", "Fechar")),
    ],
)
def test_nothing_is_pressed_in_a_dialog_that_is_something_else(text: str, buttons: tuple[str, ...]) -> None:
    assert pressed(text, *buttons) is None


QUESTIONS = {
    "en": ("Turn off {}?", "Are you sure you want to turn {} off?", "Yes", "Turn off"),
    "de": ("{} ausschalten?", "Möchten Sie {} wirklich deaktivieren?", "Ja", "Ausschalten"),
    "fr": ("Désactiver {} ?", "Voulez-vous vraiment désactiver {} ?", "Oui", "Désactiver"),
    "es": ("¿Desactivar {}?", "¿Seguro que quieres desactivar {}?", "Sí", "Desactivar"),
    "it": ("Disattivare {}?", "Vuoi davvero disattivare {}?", "Sì", "Disattiva"),
    "pt": ("Desativar {}?", "Tem certeza de que deseja desativar {}?", "Sim", "Desativar"),
}


@pytest.mark.parametrize("language", sorted(DIRECTORY.languages))
def test_no_name_of_a_setting_keeps_its_own_question_from_being_answered(language: str) -> None:
    *questions, yes, turn_off = QUESTIONS[language]
    for setting in DIRECTORY.service.settings:
        labels = (*setting.labels.get(language, ()), *setting.headings.get(language, ()))
        for label in (one for one in labels if "?" not in one):
            for question in questions:
                text = question.format(label)
                assert (pressed(text, "?", yes), pressed(text, "?", turn_off)) == (yes, turn_off), text
                assert not DIRECTORY.speaks_only_of_another(setting.id, text), text


def test_once_a_save_has_begun_a_dialog_that_says_it_is_done_or_offers_something_is_not_answered() -> None:
    done = dialog("Groups are turned off. Turn off connections?", "Turn off", "Not now")
    offer = dialog("Turn off? Try Premium instead", "Turn off", "Not now")
    assert answering_button(done, WORDS) is not None
    assert answering_button(done, WORDS, begun=True) is None
    assert answering_button(offer, WORDS, begun=True) is None
    assert pressed("Turn off?", "Turn off", "Cancel", begun=True) == "Turn off"


def test_a_second_dialog_has_to_name_turning_off_and_so_has_its_button() -> None:
    assert pressed("Turn off?", "Turn off", "Cancel", again=True) == "Turn off"
    assert pressed("Turn off?", "Yes", "No", again=True) is None
    assert pressed("Are you sure?", "Turn off", "Cancel", again=True) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Turn off partner ads?", True),
        ("Are you sure you want to turn this off?", True),
        ("Désactiver ce paramètre ?", True),
        ("Really?", False),
        ("You turned this off. Turn it back on?", False),
        ("Turn off is not possible. Keep it on?", False),
        ("Turned off! Try Premium for free?", False),
        ("This will stop now", False),
    ],
)
def test_the_browsers_own_question_is_agreed_to_only_where_it_asks_whether_to_turn_off(
    text: str, expected: bool
) -> None:
    assert asks_whether_to_turn_off(text, WORDS) is expected


class Page:
    """A tab with dialogs; one that is answered closes."""

    def __init__(self, *dialogs: DialogView, next_ones: tuple[DialogView, ...] = ()) -> None:
        self.dialogs = list(dialogs)
        self.next_ones = list(next_ones)
        self.pressed: list[str] = []

    def ask(self, function: str, spec: Any = None) -> Any:
        if function == "press":
            self.pressed.append(spec["name"])
            self.dialogs = self.next_ones[:1]
            self.next_ones = self.next_ones[1:]
            return {"done": True, "why": None}
        buttons = [[{"key": one.key, "name": one.name} for one in view.buttons] for view in self.dialogs]
        pairs = zip(self.dialogs, buttons, strict=True)
        return {
            "dialogs": [
                {"key": view.key, "text": view.text, "buttons": named, "chosen": view.chosen} for view, named in pairs
            ]
        }


def answered(page: Page, *known: str, setting: str | None = None, looks: int = 5) -> Asked:
    asked, obstacles = Asked(set(known)), Obstacles(page, DIRECTORY, setting)  # type: ignore[arg-type]
    for _ in range(looks):
        obstacles.answer_dialog(asked, begun=False)
    return asked


def test_one_press_of_a_control_has_at_most_two_dialogs_answered() -> None:
    one, two, three = (dialog("Turn off?", "Turn off", "Cancel", key=key) for key in "abc")
    page = Page(one, next_ones=(two, three))
    asked = answered(page)
    assert page.pressed == ["Turn off", "Turn off"]
    assert asked.open == "Turn off?"


def test_a_dialog_that_was_there_before_is_neither_answered_nor_reported() -> None:
    page = Page(dialog("Turn off?", "Turn off", "Cancel"))
    assert answered(page, "d").open is None
    assert page.pressed == []


def test_a_dialog_within_a_dialog_is_answered_once() -> None:
    outer = dialog("Turn off?", "Turn off", "Cancel")
    inner = DialogView("inner", outer.text, outer.buttons)
    page = Page(outer, inner, next_ones=(inner,))
    answered(page)
    assert page.pressed == ["Turn off"]


def test_a_dialog_with_something_ticked_is_not_answered() -> None:
    """Its button would agree to that as well."""
    page = Page(replace(dialog("Turn off?", "Turn off", "Cancel"), chosen=True))
    assert answered(page).open == "Turn off?"
    assert page.pressed == []


def test_a_dialog_about_another_setting_is_not_answered() -> None:
    page = Page(dialog("Turn off Groups?", "Turn off", "Cancel"))
    assert answered(page, setting="ads-age").open == "Turn off Groups?"
    assert page.pressed == []
    answered(page, setting="ads-groups")
    assert page.pressed == ["Turn off"]


def test_a_dialog_may_name_what_goes_off_along_with_the_setting() -> None:
    text = "This will also turn off Share data with affiliates and partners."
    page = Page(dialog(text, "Turn off", "Cancel"))
    asked, obstacles = Asked(set()), Obstacles(page, DIRECTORY, "ads-off-linkedin")  # type: ignore[arg-type]
    assert obstacles.answer_dialog(asked, begun=True)
    assert page.pressed == ["Turn off"]
    beside = Page(dialog(text, "Turn off", "Cancel"))
    answered(beside, setting="ads-age")
    assert beside.pressed == []


def test_a_question_of_the_browser_that_was_declined_is_remembered_once() -> None:
    obstacles = Obstacles(Page(), DIRECTORY)  # type: ignore[arg-type]
    assert obstacles.asks_about_turning_off("Turn this off?")
    assert obstacles.take_declined() is None
    assert not obstacles.asks_about_turning_off("Try Premium?")
    assert (obstacles.take_declined(), obstacles.take_declined()) == ("Try Premium?", None)


def test_where_something_is_put_back_no_question_is_answered() -> None:
    page = Page(dialog("Turn off?", "Turn off", "Cancel"))
    obstacles, asked = Obstacles(page, DIRECTORY), Asked(set())  # type: ignore[arg-type]
    obstacles.turns_off = False
    assert not obstacles.answer_dialog(asked, begun=False)
    assert (asked.open, page.pressed) == ("Turn off?", [])
    assert not obstacles.asks_about_turning_off("Turn this off?")


def test_no_word_that_refuses_cookies_accepts_them() -> None:
    spoken = {
        word: {normalize(text) for one in DIRECTORY.languages.values() for text in getattr(one, word)}
        for word in BANNER_WORDS
    }
    assert spoken["refuse_cookies"] & spoken["accept_cookies"] == set()


def test_every_language_has_every_kind_of_word_for_dialogs() -> None:
    for language, words in DIRECTORY.languages.items():
        fields = (*BANNER_WORDS, *QuestionWords.__dataclass_fields__)
        assert {field for field in fields if not getattr(words, field)} == set(), language
