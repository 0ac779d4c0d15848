"""What is in the way is moved politely: a cookie banner is refused, a 'turn off?' question is answered by turning off.

Words come from the catalogue, in every language it knows; an element whose words do not fit is not touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from optout.browser.tab import PageMoved, Tab
from optout.browser.views import ButtonView, DialogView, dialog_views
from optout.catalogue.models import Vocabulary
from optout.directory import Directory
from optout.phrases import any_of, is_one_of, normalize, says

BANNER_WORDS = ("refuse_cookies", "accept_cookies", "cookies")
# One question, and a second where the page asks again before it turns off.
ANSWERS = 2
QUOTED = 80


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """What dialogs and their buttons say, of every language; each a pattern over a text's padded words."""

    turn_off: re.Pattern[str]
    agree: re.Pattern[str]
    about_off: re.Pattern[str]
    sure: re.Pattern[str]
    past_off: re.Pattern[str]
    keeps: re.Pattern[str]
    back_on: re.Pattern[str]
    besides: re.Pattern[str]
    offers: re.Pattern[str]
    detours: re.Pattern[str]

    @classmethod
    def of(cls, vocabularies: Iterable[Vocabulary]) -> QuestionWords:
        """The words of these vocabularies."""
        known = list(vocabularies)
        return cls(
            **{
                one.name: any_of(tuple(word for words in known for word in getattr(words, one.name)))
                for one in fields(cls)
            }
        )


@dataclass(slots=True)
class Asked:
    """What a page has asked since a control was pressed.

    `seen`: the dialogs that are not to be answered any more, by key. `open`: the beginning of one that nobody answered.
    """

    seen: set[str]
    answered: int = 0
    open: str | None = None


class Obstacles:
    """The banners and dialogs of one tab. `setting`: the id of the setting that its page is about, if of one.

    `turns_off`: something is being switched off. Where it is put back instead, no question is answered.
    """

    def __init__(self, tab: Tab, directory: Directory, setting: str | None = None) -> None:
        self._tab = tab
        self._directory = directory
        self._setting = setting
        self._declined: str | None = None
        self.turns_off = True

    @cached_property
    def _banner_words(self) -> Mapping[str, list[str]]:
        vocabularies = self._directory.languages.values()
        return {
            field: sorted({normalize(word) for one in vocabularies for word in getattr(one, field)})
            for field in BANNER_WORDS
        }

    @cached_property
    def _words(self) -> QuestionWords:
        return QuestionWords.of(self._directory.languages.values())

    def refuse_banner(self) -> bool:
        """Answer a cookie banner by refusing, if there is one; True if it was."""
        words = self._banner_words
        found = self._tab.ask(
            "banner", {"refuse": words["refuse_cookies"], "accept": words["accept_cookies"], "about": words["cookies"]}
        )
        return bool(found) and self._press(found["key"], found["name"])

    def answer_dialog(self, asked: Asked, *, begun: bool) -> bool:
        """Answer a new dialog that asks whether to turn this setting off; True if one was answered.

        `begun`: requests have begun since the press, so that a dialog may be about what is done already.
        """
        asked.open = None
        try:
            dialogs = dialog_views(self._tab.ask("dialogs"))
        except PageMoved:
            return False
        for dialog in dialogs:
            if dialog.key in asked.seen or not dialog.buttons:
                continue
            button = self._answer_to(dialog, asked, begun=begun)
            if button is None:
                asked.open = asked.open or shortened(dialog.text) or None
                continue
            asked.seen |= {one.key for one in dialogs if button in one.buttons}
            if self._press(button.key, button.name):
                asked.answered += 1
                return True
        return False

    def asks_about_turning_off(self, text: str) -> bool:
        """Whether the browser's own question is whether to turn this setting off; one that is not is remembered."""
        is_asked = self.turns_off and asks_whether_to_turn_off(text, self._words)
        is_asked = is_asked and not self._is_of_another(*questions_of(text))
        self._declined = None if is_asked else shortened(text) or None
        return is_asked

    def take_declined(self) -> str | None:
        """The beginning of the browser's own question that was declined last, once."""
        declined, self._declined = self._declined, None
        return declined

    def _answer_to(self, dialog: DialogView, asked: Asked, *, begun: bool) -> ButtonView | None:
        if not self.turns_off or asked.answered >= ANSWERS or dialog.chosen:
            return None
        if self._is_of_another(*(([] if begun else questions_of(dialog.text)) or [dialog.text])):
            return None
        return answering_button(dialog, self._words, begun=begun, again=asked.answered > 0)

    def _is_of_another(self, *texts: str) -> bool:
        setting = self._setting
        return setting is not None and any(self._directory.speaks_only_of_another(setting, one) for one in texts)

    def _press(self, key: str, name: str) -> bool:
        spec = {"key": key, "name": name, "origin": self._directory.service.origin}
        return bool(self._tab.ask("press", spec)["done"])


def answering_button(
    dialog: DialogView, words: QuestionWords, *, begun: bool = False, again: bool = False
) -> ButtonView | None:
    """The one button of a dialog that turns off, or None when that is not plain.

    `begun`: the dialog may be about what is done already. `again`: another dialog was answered before this one.
    """
    plain = [one for one in dialog.buttons if is_one_of(one.name, words.turn_off)]
    if plain:
        names_it = not again or says(dialog.text, words.about_off)
        fits = len(plain) == 1 and names_it and not _is_beside_the_point(dialog.text, words, begun=begun)
        return plain[0] if fits else None
    if again or not asks_whether_to_turn_off(dialog.text, words):
        return None
    if any(says(one.name, words.about_off) and not says(one.name, words.keeps) for one in dialog.buttons):
        return None
    agreeing = [one for one in dialog.buttons if is_one_of(one.name, words.agree)]
    return agreeing[0] if len(agreeing) == 1 else None


def asks_whether_to_turn_off(text: str, words: QuestionWords) -> bool:
    """Whether a text is nothing but the question whether to turn off, so that a Yes can mean nothing else."""
    questions = questions_of(text)
    asking = [one for one in questions if says(one, words.about_off)]
    if not asking or any(says(one, words.detours) for one in asking):
        return False
    if any(one not in asking and not is_one_of(one, words.sure) for one in questions):
        return False
    # Beside the question a text may well say that it can be turned on again, or what else goes off with it.
    contrary = (words.keeps, words.back_on, words.besides)
    is_contrary = any(says(one, each) for one in questions for each in contrary)
    return not is_contrary and not says(text, words.past_off) and not says(text, words.offers)


def _is_beside_the_point(text: str, words: QuestionWords, *, begun: bool) -> bool:
    """Whether a dialog that has a button for turning off asks to turn off something else, or to turn on, or offers."""
    if begun and (says(text, words.past_off) or says(text, words.offers)):
        return True
    heading = text.partition("\n")[0].rstrip()
    questions = questions_of(text) or ([] if heading.endswith((".", "!", "…")) else [heading])
    return any(says(one, contrary) for one in questions for contrary in (words.besides, words.back_on, words.offers))


def questions_of(text: str) -> list[str]:
    """The sentences of a text that ask something."""
    sentences = re.split(r"(?<=[.!?…])\s+|\n+", text)
    return [one for one in sentences if one.rstrip(" \"'”»)").endswith(("?", "\uff1f"))]


def shortened(text: str) -> str:
    """The beginning of a text, on one line, as it may be quoted."""
    plain = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return plain if len(plain) <= QUOTED else plain[: QUOTED - 1].rstrip() + "…"
