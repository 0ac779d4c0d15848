"""Outcomes, states and results in plain words: one table for the terminal, the page and the messages."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from optout.outcomes import PRACTICE_ACCOUNT, AccountResult, Outcome, SettingResult, State, Status


class Tone(StrEnum):
    """How an outcome is coloured; the words say the same without colour."""

    GOOD = "good"
    CHANGED = "changed"
    NEUTRAL = "neutral"
    BAD = "bad"


OUTCOMES: dict[Outcome, tuple[str, Tone]] = {
    Outcome.ALREADY_OFF: ("was already off", Tone.GOOD),
    Outcome.TURNED_OFF: ("turned off", Tone.CHANGED),
    Outcome.WOULD_TURN_OFF: ("is on", Tone.BAD),
    Outcome.NOT_OFFERED: ("not offered here", Tone.NEUTRAL),
    Outcome.NOT_SAVED: ("not saved by the site", Tone.BAD),
    Outcome.UNREADABLE: ("could not be read", Tone.BAD),
    Outcome.NOT_FOUND: ("control not found", Tone.BAD),
    Outcome.FAILED: ("failed", Tone.BAD),
    Outcome.NOT_REACHED: ("not reached", Tone.BAD),
    Outcome.RESTORED: ("put back", Tone.CHANGED),
}

# What a person does about an outcome; {account} and {id} are filled in.
NEXT_STEPS: dict[Outcome, str] = {
    Outcome.WOULD_TURN_OFF: "Turn it off with: optout run {account} --only {id}",
    Outcome.NOT_SAVED: "Try again with: optout run {account} --only {id}. If it stays on, switch it by hand.",
    Outcome.UNREADABLE: "Look at its page yourself; optout selectors check {account} shows what was found there.",
    Outcome.NOT_FOUND: "Nothing was clicked. Show the control to optout with: optout selectors record {id}",
    Outcome.FAILED: "Try again with: optout {command} {account} --only {id}",
    Outcome.NOT_REACHED: "Go on with: optout {command} {account}",
}

STATES: dict[State, str] = {
    State.ON: "on",
    State.OFF: "off",
    State.MIXED: "partly on",
    State.ABSENT: "not there",
    State.UNKNOWN: "unknown",
}

# Characters that would move the cursor, colour the terminal or turn the reading direction round.
FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def as_line(text: str) -> str:
    """The text on one line, without control, direction and unpaired characters: safe on a terminal."""
    shown = (" " if char.isspace() else char for char in text)
    return " ".join("".join(char for char in shown if unicodedata.category(char) not in FORBIDDEN_CATEGORIES).split())


def as_sentence(text: str) -> str:
    """The text on one line, with a capital letter and an end; a word such as an address keeps its small letter."""
    line = as_line(text)
    first = line.split(" ", 1)[0].rstrip(",;:")
    line = line[:1].upper() + line[1:] if first.isalpha() else line
    has_end = not line or line.endswith((".", "!", "?")) or ": optout " in line
    return line if has_end else f"{line}."


def state_in_words(state: State | None) -> str:
    """A state in one or two words; a dash where none was read."""
    return STATES[state] if state else "–"


def change_in_words(result: SettingResult) -> str:
    """`on → off`, or the one state that is known; readings that disagree are no state, nor is one before a click."""
    if result.outcome is Outcome.UNREADABLE:
        return STATES[State.UNKNOWN]
    before, after = state_in_words(result.before), state_in_words(result.after)
    if result.outcome is Outcome.FAILED and result.before is not None and result.after is None:
        return f"{before} → {STATES[State.UNKNOWN]}"
    if result.after is None or result.before == result.after:
        return before
    return after if result.before is None else f"{before} → {after}"


def outcome_in_words(result: SettingResult, *, dry_run: bool = False) -> str:
    """What was done, in two to four words."""
    if result.outcome is Outcome.WOULD_TURN_OFF and dry_run:
        return "would be turned off"
    return OUTCOMES[result.outcome][0]


def outcome_name(outcome: str) -> str:
    """An outcome's words after a number: `3 already off`."""
    return OUTCOMES[Outcome(outcome)][0].removeprefix("was ").removeprefix("is ")


def setting_in_words(result: SettingResult) -> str:
    """One setting on one line: its title, what became of it, and why."""
    reason = f": {result.reason}" if result.reason else ""
    return as_line(f"{result.title} – {outcome_in_words(result)}{reason}")


def next_step(result: SettingResult, account: str, command: str = "run") -> str | None:
    """What the person does about a setting after that command; `None` where nothing is left to do."""
    step = NEXT_STEPS.get(result.outcome)
    again = "undo" if command == "undo" else "run"
    return step.format(account=for_command(account), id=result.id, command=again) if step else None


def for_command(account: str) -> str:
    """What names an account in a command: the made-up one of the practice site is no account of the person's."""
    return "--practice" if account == PRACTICE_ACCOUNT else as_line(account)


def status_in_words(result: AccountResult) -> str:
    """How an account's run ended."""
    words = {
        Status.DONE: "done",
        Status.NEEDS_HUMAN: "needs you",
        Status.FAILED: "ended early",
        Status.SKIPPED: "skipped",
    }[result.status]
    return as_line(f"{words}: {result.reason}" if result.reason else words)


def settings_counted(number: int) -> str:
    """That many settings, in words."""
    return f"{number} setting" if number == 1 else f"{number} settings"
