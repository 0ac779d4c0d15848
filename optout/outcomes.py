"""What was seen and what became of it: readings, outcomes, results, exit codes.

This module knows nothing of browsers, catalogues or files; everything else may import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any

SCHEMA = 1
RELOCATED = "relocated"
# What the made-up account of the practice site is called in results.
PRACTICE_ACCOUNT = "practice"


class State(StrEnum):
    """A control's state at one moment. Only `OFF` is off: `ABSENT` and `UNKNOWN` never count as it."""

    ON = "on"
    OFF = "off"
    MIXED = "mixed"
    ABSENT = "absent"
    UNKNOWN = "unknown"

    @property
    def is_operable(self) -> bool:
        """Whether a control in this state may be switched off (something is on)."""
        return self in (State.ON, State.MIXED)


class Outcome(StrEnum):
    """What became of one setting in a run."""

    ALREADY_OFF = "already-off"
    TURNED_OFF = "turned-off"
    WOULD_TURN_OFF = "would-turn-off"
    NOT_OFFERED = "not-offered"
    NOT_SAVED = "not-saved"
    UNREADABLE = "unreadable"
    NOT_FOUND = "not-found"
    FAILED = "failed"
    NOT_REACHED = "not-reached"
    RESTORED = "restored"

    @property
    def is_claim(self) -> bool:
        """Whether the outcome asserts a state, and so must carry url, selector and time."""
        return self in (
            Outcome.ALREADY_OFF,
            Outcome.TURNED_OFF,
            Outcome.WOULD_TURN_OFF,
            Outcome.RESTORED,
        )


class Status(StrEnum):
    """What became of one account's run."""

    DONE = "done"
    NEEDS_HUMAN = "needs-human"
    FAILED = "failed"
    SKIPPED = "skipped"


class ExitCode(IntEnum):
    """The program's exit codes."""

    ALL_OFF = 0
    NOT_ALL_OFF = 1
    USAGE = 2
    NEEDS_HUMAN = 3


def now() -> datetime:
    """The present moment in UTC, to the second (the precision of every record)."""
    return datetime.now(UTC).replace(microsecond=0)


def iso(moment: datetime) -> str:
    """A moment as `2026-11-23T12:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Reading:
    """A state seen at one moment, by one selector version, on one page, with the witnesses that agreed."""

    state: State
    url: str
    selector: str | None
    at: datetime
    witnesses: tuple[str, ...] = ()
    score: float | None = None
    detail: str = ""

    def __str__(self) -> str:
        where = self.url or "no page"
        return f"{self.state} on {where}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True)
class SettingResult:
    """One setting's line in a report."""

    id: str
    group: str
    title: str
    outcome: Outcome
    url: str | None = None
    before: State | None = None
    after: State | None = None
    reason: str | None = None
    selector: str | None = None
    checked_at: datetime | None = None
    witnesses: tuple[str, ...] = ()
    score: float | None = None
    change: str | None = None

    def __post_init__(self) -> None:
        if self.outcome.is_claim and not (self.url and self.selector and self.checked_at):
            raise ValueError(f"{self.id}: {self.outcome} is a claim without its proof")
        if not self.outcome.is_claim and self.outcome is not Outcome.NOT_OFFERED and not self.reason:
            raise ValueError(f"{self.id}: {self.outcome} needs a reason")

    def as_json(self) -> dict[str, Any]:
        """The setting as the JSON document shows it."""
        return {
            "id": self.id,
            "group": self.group,
            "title": self.title,
            "url": self.url,
            "before": self.before,
            "after": self.after,
            "outcome": self.outcome,
            "reason": self.reason,
            "selector": self.selector,
            "checked_at": iso(self.checked_at) if self.checked_at else None,
            "witnesses": list(self.witnesses),
            "score": self.score,
            "change": self.change,
        }


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A row of an index that the catalogue does not know: reported, never touched."""

    label: str
    url: str
    state: State
    change: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The row as the JSON document shows it."""
        return {"label": self.label, "url": self.url, "state": self.state, "change": self.change}


@dataclass(frozen=True, slots=True)
class AccountResult:
    """What one account's run came to: every setting in scope, each once."""

    account: str
    service: str
    status: Status
    reason: str | None
    page_loads: int
    settings: tuple[SettingResult, ...]
    unlisted: tuple[Unlisted, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The account as the JSON document shows it."""
        return {
            "account": self.account,
            "service": self.service,
            "status": self.status,
            "reason": self.reason,
            "page_loads": self.page_loads,
            "settings": [setting.as_json() for setting in self.settings],
            "unlisted": [row.as_json() for row in self.unlisted],
        }


@dataclass(frozen=True, slots=True)
class RunResult:
    """One command's whole result, as reports and the JSON document show it."""

    command: str
    dry_run: bool
    started: datetime
    seconds: float
    accounts: tuple[AccountResult, ...]
    run_id: int | None = None

    @property
    def exit_code(self) -> ExitCode:
        """3 when a person is needed anywhere, 1 when anything is left, else 0."""
        return exit_code(self.accounts, reading_is_enough=self.dry_run)

    def as_json(self) -> dict[str, Any]:
        """The JSON document of `--json`."""
        return {
            "schema": SCHEMA,
            "command": self.command,
            "dry_run": self.dry_run,
            "started": iso(self.started),
            "seconds": round(self.seconds, 1),
            "exit_code": int(self.exit_code),
            "accounts": [account.as_json() for account in self.accounts],
        }


def exit_code(accounts: tuple[AccountResult, ...], *, reading_is_enough: bool) -> ExitCode:
    """The exit code of a command over these accounts.

    A dry run is satisfied when everything could be read (`would-turn-off` included); `run`, `check` and
    `undo` are not. A skipped account counts by the settings that an earlier run recorded for it.
    """
    if any(account.status is Status.NEEDS_HUMAN for account in accounts):
        return ExitCode.NEEDS_HUMAN
    enough = {Outcome.ALREADY_OFF, Outcome.TURNED_OFF, Outcome.NOT_OFFERED, Outcome.RESTORED}
    if reading_is_enough:
        enough.add(Outcome.WOULD_TURN_OFF)
    whole = all(
        (account.status is Status.DONE or (account.status is Status.SKIPPED and account.settings))
        and all(setting.outcome in enough for setting in account.settings)
        for account in accounts
    )
    return ExitCode.ALL_OFF if whole else ExitCode.NOT_ALL_OFF
