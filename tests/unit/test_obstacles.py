"""Dialogs: answered only where a button plainly turns off."""

from __future__ import annotations

import pytest

from optout.browser.views import ButtonView, DialogView
from optout.directory import Directory, normalize
from optout.obstacles import WORDS, turn_off_button
from tests.views import directory

DIRECTORY: Directory = directory()
SPOKEN = {
    word: sorted({normalize(text) for one in DIRECTORY.languages.values() for text in getattr(one, word)})
    for word in WORDS
}


def pressed(text: str, *buttons: str) -> str | None:
    views = tuple(ButtonView(str(at), name) for at, name in enumerate(buttons))
    found = turn_off_button(DialogView("d", text, views), SPOKEN)
    return found[1] if found else None


@pytest.mark.parametrize(
    ("text", "buttons", "expected"),
    [
        ("Turn off? You will see other ads.", ("Cancel", "Turn off"), "Turn off"),
        ("Deaktivieren?", ("Abbrechen", "Deaktivieren"), "Deaktivieren"),
        ("Do you want to turn off this setting?", ("No", "Yes"), "Yes"),
        ("Try Premium for free", ("Maybe later", "Continue"), None),
        ("Try Premium for free", ("No", "Yes"), None),
        ("Turn off?", ("Turn off", "Turn off"), None),
        ("Do you want to turn off this setting?", ("Yes", "OK"), None),
        ("Turn off?", ("Turn on", "Cancel"), None),
        ("", (), None),
        ("Turn off your notifications, or turn off your phone?", ("Cancel",), None),
    ],
)
def test_a_dialog_is_answered_only_by_the_one_button_that_turns_off(
    text: str, buttons: tuple[str, ...], expected: str | None
) -> None:
    assert pressed(text, *buttons) == expected


def test_no_word_that_refuses_cookies_accepts_them() -> None:
    assert set(SPOKEN["refuse_cookies"]) & set(SPOKEN["accept_cookies"]) == set()
    assert all(SPOKEN[word] for word in WORDS)
