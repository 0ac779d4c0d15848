"""What is in the way is moved politely: a cookie banner is refused, a 'turn off?' question is answered by turning off.

Words come from the catalogue, in every language it knows; an element whose words do not fit is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from optout.browser.tab import PageMoved, Tab
from optout.browser.views import DialogView, dialog_views
from optout.directory import Directory, normalize

WORDS = ("turn_off", "agree", "about_off", "refuse_cookies", "accept_cookies", "cookies")


class Obstacles:
    """The banners and dialogs of one tab."""

    def __init__(self, tab: Tab, directory: Directory) -> None:
        self._tab = tab
        self._directory = directory

    @cached_property
    def _words(self) -> Mapping[str, list[str]]:
        vocabularies = self._directory.languages.values()
        return {
            field: sorted({normalize(word) for one in vocabularies for word in getattr(one, field)}) for field in WORDS
        }

    def refuse_banner(self) -> bool:
        """Answer a cookie banner by refusing, if there is one; True if it was."""
        words = self._words
        found = self._tab.ask(
            "banner", {"refuse": words["refuse_cookies"], "accept": words["accept_cookies"], "about": words["cookies"]}
        )
        return bool(found) and self._press(found["key"], found["name"])

    def answer_dialog(self, answered: set[str]) -> bool:
        """Answer a dialog that is not in `answered` and plainly asks whether to turn off; True if it was answered."""
        try:
            dialogs = dialog_views(self._tab.ask("dialogs"))
        except PageMoved:
            return False
        for dialog in dialogs:
            button = None if dialog.key in answered else turn_off_button(dialog, self._words)
            if button is not None:
                answered.add(dialog.key)
                return self._press(*button)
        return False

    def asks_about_turning_off(self, text: str) -> bool:
        """Whether the browser's own question is about turning off."""
        return any(word in normalize(text) for word in self._words["about_off"])

    def _press(self, key: str, name: str) -> bool:
        spec = {"key": key, "name": name, "origin": self._directory.service.origin}
        return bool(self._tab.ask("press", spec)["done"])


def turn_off_button(dialog: DialogView, words: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Key and name of the one button of a dialog that turns off, or None when that is not plain."""
    plain = [one for one in dialog.buttons if normalize(one.name) in words["turn_off"]]
    if len(plain) == 1:
        return plain[0].key, plain[0].name
    if plain or not any(word in normalize(dialog.text) for word in words["about_off"]):
        return None
    agree = [one for one in dialog.buttons if normalize(one.name) in words["agree"]]
    return (agree[0].key, agree[0].name) if len(agree) == 1 else None
