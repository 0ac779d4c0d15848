"""The history's records: what its methods give, and how results and readings become JSON and come back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from optout.outcomes import AccountResult, Outcome, Reading, SettingResult, State, Status, Unlisted, iso

CLAIMS = (
    Outcome.ALREADY_OFF,
    Outcome.TURNED_OFF,
    Outcome.WOULD_TURN_OFF,
    Outcome.RESTORED,
    Outcome.NOT_OFFERED,
)


DOUBTS = (Outcome.UNREADABLE, Outcome.NOT_FOUND, Outcome.NOT_SAVED)


class Role(StrEnum):
    """When in a run a reading was taken."""

    SURVEY = "survey"
    BEFORE = "before"
    AFTER = "after"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A reading with its setting and its role, and what the control looked like (JSON, no typed values)."""

    setting_id: str
    role: str
    reading: Reading
    seen: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RowsSeen:
    """The rows that the catalogue did not know, by address, and when an account's indexes were last read whole."""

    at: datetime
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Intent:
    """A control that was about to be operated, and of which no run knows what became of it.

    `run_was_done`: its run came to its end otherwise; it was not killed, stopped or sent away by the site.
    """

    intent_id: int
    run_id: int
    account: str
    origin: str
    setting_id: str
    before: State
    url: str
    detail: dict[str, Any]
    at: datetime
    command: str
    run_was_done: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that a run turned off: `before` is the state to put back, `detail` what the intent noted."""

    intent_id: int
    run_id: int
    setting_id: str
    before: State
    url: str
    detail: dict[str, Any]
    at: datetime
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A setting's state as last proved; `ABSENT` where it was positively not offered."""

    state: State
    at: datetime
    run_id: int
    selector: str | None
    seen: dict[str, Any] = field(default_factory=dict)
    command: str = "run"

    @property
    def path(self) -> str | None:
        """The path of the page where its control was last proved, if it was ever seen."""
        return urlsplit(str(self.seen.get("url", ""))).path or None


@dataclass(frozen=True, slots=True)
class Point:
    """A state at one moment, for a chart."""

    at: datetime
    state: State


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: `finished` is `None`, and so is the status of some account, where it ended before its time."""

    run_id: int
    command: str
    dry_run: bool
    started: datetime
    finished: datetime | None
    seconds: float | None
    program_version: str
    catalogue_version: str
    origins: Mapping[str, str]
    statuses: Mapping[str, Status | None]


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and ASCII only: equal values give equal text, whatever a page put in."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)


def digest_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def clean_url(url: str) -> str:
    """An address without user part, query and fragment: sites put tokens there."""
    try:
        parts = urlsplit(url)
        cleaned = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return ""
    return cleaned.encode("utf-8", "replace").decode("utf-8")


def load_object(text: str) -> dict[str, Any]:
    """The JSON object in `text`; `ValueError` if it holds anything else."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def moment(text: str) -> datetime:
    """The moment written by `optout.outcomes.iso`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def reading_as_json(reading: Reading) -> dict[str, Any]:
    """A reading as the history keeps it."""
    return {
        "state": reading.state,
        "url": clean_url(reading.url),
        "selector": reading.selector,
        "at": iso(reading.at),
        "witnesses": list(reading.witnesses),
        "score": reading.score,
        "detail": reading.detail,
    }


def reading_from_json(document: Mapping[str, Any]) -> Reading:
    """The reading kept in a document; `KeyError`, `TypeError` or `ValueError` if it is none."""
    return Reading(
        state=State(document["state"]),
        url=_text(document["url"]),
        selector=_text_or_none(document["selector"]),
        at=moment(document["at"]),
        witnesses=tuple(_text(item) for item in document["witnesses"]),
        score=_number_or_none(document["score"]),
        detail=_text(document["detail"]),
    )


def setting_as_json(result: SettingResult) -> dict[str, Any]:
    """A setting's result as the history keeps it."""
    document = result.as_json()
    document["url"] = clean_url(result.url) if result.url else None
    return document


def setting_from_json(document: Mapping[str, Any]) -> SettingResult:
    """The setting's result kept in a document; `KeyError`, `TypeError` or `ValueError` if it is none."""
    return SettingResult(
        id=_text(document["id"]),
        group=_text(document["group"]),
        title=_text(document["title"]),
        outcome=Outcome(document["outcome"]),
        url=_text_or_none(document["url"]),
        before=State(document["before"]) if document["before"] is not None else None,
        after=State(document["after"]) if document["after"] is not None else None,
        reason=_text_or_none(document["reason"]),
        selector=_text_or_none(document["selector"]),
        checked_at=moment(document["checked_at"]) if document["checked_at"] is not None else None,
        witnesses=tuple(_text(item) for item in document["witnesses"]),
        score=_number_or_none(document["score"]),
        change=_text_or_none(document["change"]),
    )


def account_from_json(document: Mapping[str, Any], settings: tuple[SettingResult, ...]) -> AccountResult:
    """The account's result kept in a document; `KeyError`, `TypeError` or `ValueError` if it is none."""
    return AccountResult(
        account=_text(document["account"]),
        service=_text(document["service"]),
        status=Status(document["status"]),
        reason=_text_or_none(document["reason"]),
        page_loads=int(document["page_loads"]),
        settings=settings,
        unlisted=tuple(
            Unlisted(_text(row["label"]), _text(row["url"]), State(row["state"]), _text_or_none(row.get("change")))
            for row in document["unlisted"]
        ),
    )


def verified_state(result: SettingResult) -> State:
    """The state that a claim asserts."""
    if result.outcome in (Outcome.ALREADY_OFF, Outcome.TURNED_OFF):
        return State.OFF
    if result.outcome is Outcome.NOT_OFFERED:
        return State.ABSENT
    known = result.after if result.outcome is Outcome.RESTORED else result.before
    return known or State.ON


def last_changes_of(rows: Iterable[Sequence[Any]]) -> tuple[Change, ...]:
    """The changes of the last run and of runs that ended early before it, from their rows in falling order of time.

    A row: intent, run, setting, before, url, detail, time, reading, times undone, whether its run was done.
    """
    changes: dict[str, Change] = {}
    last_run = None
    for key, run_id, setting_id, before, url, detail, at, reading, times_undone, was_done in rows:
        if last_run is not None and run_id != last_run and was_done:
            break
        last_run = run_id
        if times_undone == 0:
            proof = reading_from_json(load_object(reading)) if reading else None
            changes.pop(setting_id, None)
            changes[setting_id] = Change(
                key, run_id, setting_id, State(before), url, load_object(detail), moment(at), proof
            )
    return tuple(reversed(changes.values()))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, tuple | set | frozenset):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    raise TypeError(f"{type(value).__name__} does not belong in the history")
