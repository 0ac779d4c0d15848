"""The one sentence that a run ends with: what is off now, what is not and why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optout.outcomes import AccountResult, Outcome, RunResult, SettingResult, State, Status, Unlisted
from optout.report.words import as_line, for_command, outcome_in_words, settings_counted, state_in_words

if TYPE_CHECKING:
    from optout.catalogue.models import Catalogue

OFF = frozenset({Outcome.ALREADY_OFF, Outcome.TURNED_OFF})
ACTIVE = frozenset({State.ON, State.MIXED})
NAMED = 4


@dataclass(frozen=True, slots=True)
class Titles:
    """What services and groups are called; an id stands for itself where there is no title."""

    services: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Titles:
        """The titles that a catalogue gives."""
        return cls(
            {service.id: service.title for service in catalogue.services},
            {group.id: group.title for service in catalogue.services for group in service.groups},
        )

    def service(self, service_id: str) -> str:
        """The service's title."""
        return as_line(self.services.get(service_id, service_id))

    def group(self, group_id: str) -> str:
        """The group's title."""
        return as_line(self.groups.get(group_id, group_id))


def closing_sentence(result: RunResult, titles: Titles) -> str:
    """The sentence. A command in it comes last, after a colon and without a full stop, ready to be copied."""
    parts = [_undone(result) if result.command == "undo" else _state_of_things(result, titles), _news(result)]
    parts += [*_troubles(result), _next(result)]
    said = [part.rstrip(".") for part in parts if part]
    return "; ".join(said) + ("" if ": optout " in said[-1] else ".")


def listed(words: Iterable[str]) -> str:
    """`a, b and c`."""
    items = list(words)
    return " and ".join((", ".join(items[:-1]), items[-1])) if len(items) > 1 else "".join(items)


def _pairs(result: RunResult) -> list[tuple[AccountResult, SettingResult]]:
    return [(account, item) for account in result.accounts for item in account.settings]


def _state_of_things(result: RunResult, titles: Titles) -> str:
    pairs = [(account, item) for account, item in _pairs(result) if item.outcome is not Outcome.NOT_OFFERED]
    absent = len(_pairs(result)) - len(pairs)
    off = [item for _, item in pairs if item.outcome in OFF]
    left = [(account, item) for account, item in pairs if item.outcome not in OFF]
    if not pairs:
        return f"None of {settings_counted(absent)} is offered here" if absent else "No setting was read"
    aside = _aside(result, off, absent)
    if not left and len(off) == 1:
        return f"{as_line(off[0].title)} is off{aside}"
    if not left:
        groups = listed(dict.fromkeys(titles.group(item.group) for item in off))
        return f"All {len(off)} settings of {groups} are off{aside}"
    head = f"{len(off)} of {settings_counted(len(pairs))} {'is' if len(off) == 1 else 'are'} off{aside}"
    return f"{head}; not off: {_named(result, left)}"


def _aside(result: RunResult, off: list[SettingResult], absent: int) -> str:
    turned = sum(item.outcome is Outcome.TURNED_OFF for item in off)
    details = [f"{turned} turned off and proved in this run"] if turned else []
    details += [f"{absent} more not offered here"] if absent else []
    details += ["nothing was clicked"] if result.dry_run else []
    return f" ({', '.join(details)})" if details else ""


def _undone(result: RunResult) -> str:
    pairs = _pairs(result)
    restored = [pair for pair in pairs if pair[1].outcome is Outcome.RESTORED]
    left = [pair for pair in pairs if pair[1].outcome is not Outcome.RESTORED]
    if not pairs:
        return "Nothing had to be put back"
    head = f"{settings_counted(len(restored))} {'is' if len(restored) == 1 else 'are'} as before the last run"
    return f"{head}; not put back: {_named(result, left)}" if left else head


def _named(result: RunResult, pairs: list[tuple[AccountResult, SettingResult]]) -> str:
    names = []
    for account, item in pairs[:NAMED]:
        owner = f"{account.account}: " if len(result.accounts) > 1 else ""
        names.append(as_line(f"{owner}{item.title} ({outcome_in_words(item, dry_run=result.dry_run)})"))
    if len(pairs) > NAMED:
        names.append(f"{len(pairs) - NAMED} more")
    return listed(names)


def _troubles(result: RunResult) -> list[str]:
    words = {
        Status.NEEDS_HUMAN: "needs you",
        Status.FAILED: "ended early",
        Status.SKIPPED: "was skipped",
    }
    return [
        as_line(f"{account.account} {words[account.status]}: {(account.reason or 'no reason given').rstrip('.')}")
        for account in result.accounts
        if account.status is not Status.DONE
    ]


def needs_the_person(result: RunResult) -> bool:
    """Whether something is worth a notification: anything left, a person needed, or a new control that is on."""
    return bool(result.exit_code) or bool(_noteworthy(result))


def _noteworthy(result: RunResult) -> list[Unlisted]:
    """Rows that the catalogue does not know and that are on; one that another account has too counts once."""
    rows = {row.label: row for account in result.accounts for row in account.unlisted if row.state in ACTIVE}
    return list(rows.values())


def _news(result: RunResult) -> str:
    rows = _noteworthy(result)
    if not rows:
        return ""
    names = [as_line(f"{row.label} ({row.change or state_in_words(row.state)})") for row in rows[:NAMED]]
    names += [f"{len(rows) - NAMED} more"] if len(rows) > NAMED else []
    return f"on, but not known to optout, so look yourself at {listed(names)}"


def _next(result: RunResult) -> str:
    if any(account.status is not Status.DONE and ": optout " in (account.reason or "") for account in result.accounts):
        return ""  # one command at a time, and that reason names it
    if result.command == "undo":
        behind = [account for account, item in _pairs(result) if item.outcome is not Outcome.RESTORED]
        return f"try again with: optout undo {as_line(behind[0].account)}" if behind else ""
    left_by_account: dict[str, list[SettingResult]] = {}
    for account, item in _pairs(result):
        if item.outcome not in OFF and item.outcome is not Outcome.NOT_OFFERED:
            left_by_account.setdefault(for_command(account.account), []).append(item)
    if not left_by_account:
        unfinished = [account for account in result.accounts if account.status is not Status.DONE]
        return "" if unfinished or _noteworthy(result) else "nothing is left to do"
    names, left = " ".join(left_by_account), [item for items in left_by_account.values() for item in items]
    if all(item.outcome is Outcome.NOT_FOUND for item in left):
        return f"see what has moved with: optout selectors check {names}"
    if result.dry_run or result.command == "check":
        return f"turn off what is on with: optout run {names}"
    return f"try again with: optout run {names}"
