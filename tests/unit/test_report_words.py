"""What a person reads: plain words, one sentence, and nothing that a page could forge."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.outcomes import PRACTICE_ACCOUNT, Outcome, RunResult, State, Status, Unlisted
from optout.report.closing import Titles, closing_sentence, needs_the_person
from optout.report.words import (
    NEXT_STEPS,
    OUTCOMES,
    as_line,
    as_sentence,
    change_in_words,
    next_step,
    setting_in_words,
)
from tests.report_examples import ORIGIN, TITLES, account, is_on, mixed_run, off, run, setting, was_off

FAILED = setting("Gender", Outcome.FAILED, reason="the page did not load")
LOST = setting("Gender", Outcome.NOT_FOUND, reason="two controls fit")
ABSENT = setting("Groups", Outcome.NOT_OFFERED, State.ABSENT, State.ABSENT)
BACK = setting("Groups", Outcome.RESTORED, State.OFF, State.ON)

SENTENCES: list[tuple[str, RunResult, str]] = [
    (
        "all off",
        run(account(off("Age range"), was_off("AI", group="ai-training"), ABSENT)),
        "All 2 settings of Ad personalization and AI training are off (1 turned off and proved in this run, "
        "1 more not offered here); nothing is left to do.",
    ),
    (
        "one setting",
        run(account(was_off("Age range"))),
        "Age range is off; nothing is left to do.",
    ),
    (
        "something left",
        run(account(off("Age range"), FAILED)),
        "1 of 2 settings is off (1 turned off and proved in this run); not off: Gender (failed); "
        "try again with: optout run me",
    ),
    (
        "a control that moved",
        run(account(was_off("Age range"), LOST)),
        "1 of 2 settings is off; not off: Gender (control not found); "
        "see what has moved with: optout selectors check me",
    ),
    (
        "a dry run",
        run(account(was_off("Age range"), is_on("Groups")), dry_run=True),
        "1 of 2 settings is off (nothing was clicked); not off: Groups (would be turned off); "
        "turn off what is on with: optout run me",
    ),
    (
        "a check",
        run(account(is_on("Groups")), account(was_off("Groups"), name="work"), command="check"),
        "1 of 2 settings is off; not off: me: Groups (is on); turn off what is on with: optout run me",
    ),
    (
        "many left",
        run(account(*(is_on(f"S{number}") for number in range(6))), command="check"),
        "0 of 6 settings are off; not off: S0 (is on), S1 (is on), S2 (is on), S3 (is on) and 2 more; "
        "turn off what is on with: optout run me",
    ),
    ("an undo", run(account(BACK), command="undo"), "1 setting is as before the last run."),
    ("an undo of nothing", run(account(), command="undo"), "Nothing had to be put back."),
    (
        "an undo that failed",
        run(account(BACK, FAILED), command="undo"),
        "1 setting is as before the last run; not put back: Gender (failed); try again with: optout undo me",
    ),
    (
        "a person is needed",
        run(account(status=Status.NEEDS_HUMAN, reason="the site asks for a captcha; answer it with: optout login me")),
        "No setting was read; me needs you: the site asks for a captcha; answer it with: optout login me",
    ),
    ("nothing offered", run(account(ABSENT)), "None of 1 setting is offered here; nothing is left to do."),
]


@pytest.mark.parametrize(("result", "sentence"), [row[1:] for row in SENTENCES], ids=[row[0] for row in SENTENCES])
def test_the_closing_sentence_says_what_is_off_what_is_not_and_what_to_do(result: RunResult, sentence: str) -> None:
    assert closing_sentence(result, TITLES) == sentence


def test_an_account_that_ended_early_never_hides_behind_its_settings() -> None:
    sentence = closing_sentence(mixed_run(), TITLES)
    assert "me ended early: the site asked to slow down" in sentence
    assert sentence.endswith("wait an hour, then: optout run me")
    quiet = run(account(was_off("Age range"), status=Status.FAILED, reason="the browser ended"))
    assert closing_sentence(quiet, TITLES) == ("Age range is off; me ended early: the browser ended.")


def test_every_outcome_has_words_and_every_refusal_a_next_step() -> None:
    assert set(OUTCOMES) == set(Outcome)
    satisfied = {Outcome.ALREADY_OFF, Outcome.TURNED_OFF, Outcome.NOT_OFFERED, Outcome.RESTORED}
    assert set(NEXT_STEPS) == set(Outcome) - satisfied


def test_a_next_step_names_the_account_and_the_setting() -> None:
    assert next_step(FAILED, "me") == "Try again with: optout run me --only gender"
    assert next_step(ABSENT, "me") is None
    assert next_step(FAILED, PRACTICE_ACCOUNT) == "Try again with: optout run --practice --only gender"


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (off("A"), "on → off"),
        (was_off("A"), "off"),
        (is_on("A"), "on"),
        (setting("A", Outcome.ALREADY_OFF, None, State.OFF), "off"),
        (FAILED, "–"),
        (setting("A", Outcome.FAILED, State.ON, reason="it was clicked"), "on → unknown"),
        (setting("A", Outcome.UNREADABLE, State.OFF, State.ON, reason="two readings"), "unknown"),
    ],
)
def test_a_change_is_told_in_plain_words(item: object, words: str) -> None:
    assert change_in_words(item) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("the page is gone", "The page is gone."),
        ("https://x.test is gone", "https://x.test is gone."),
        ("wait, then: optout run me", "Wait, then: optout run me"),
        ("Why?", "Why?"),
        ("", ""),
    ],
)
def test_a_reason_becomes_a_sentence(text: str, sentence: str) -> None:
    assert as_sentence(text) == sentence


@given(st.text())
def test_a_line_holds_no_character_that_moves_the_cursor_or_turns_the_text(text: str) -> None:
    line = as_line(text)
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(char) for char in line}
    line.encode("utf-8")
    assert as_line(line) == line


def test_hostile_titles_stay_on_their_line() -> None:
    item = setting("Age\x1b[2J\n\u202erange", Outcome.FAILED, reason="a\r\nb\x07")
    assert setting_in_words(item) == "Age[2J range – failed: a b"


def test_an_unknown_service_or_group_goes_by_its_id() -> None:
    assert (Titles().service("x"), Titles().group("ai-training")) == ("x", "ai-training")


def test_a_new_control_that_is_on_keeps_a_run_from_being_all_well() -> None:
    news = Unlisted("Use my voice", f"{ORIGIN}/voice", State.ON, "new since 2026-11-20")
    well = run(account(was_off("Connections")))
    with_news = run(account(was_off("Connections"), unlisted=[news]))
    assert with_news.exit_code == 0
    assert [needs_the_person(one) for one in (well, with_news)] == [False, True]
    assert closing_sentence(with_news, TITLES) == (
        "Connections is off; on, but not known to optout, so look yourself at Use my voice (new since 2026-11-20)."
    )
