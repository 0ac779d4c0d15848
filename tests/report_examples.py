"""Results to report on, as a run would give them; shared by the report's tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from optout.history import History, Recorded
from optout.outcomes import (
    RELOCATED,
    AccountResult,
    Outcome,
    Reading,
    RunResult,
    SettingResult,
    State,
    Status,
    Unlisted,
)
from optout.report.closing import Titles

ORIGIN = "https://service.test"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TITLES = Titles(
    {"service": "The Service"},
    {
        "ai-training": "AI training",
        "ad-personalization": "Ad personalization",
        "affiliate-sharing": "Affiliate sharing",
    },
)


def setting(
    title: str,
    outcome: Outcome,
    before: State | None = None,
    after: State | None = None,
    *,
    group: str = "ad-personalization",
    reason: str | None = None,
    selector: str = "2026-07",
    change: str | None = None,
    at: datetime = NOON,
    url: str | None = None,
) -> SettingResult:
    name = title.lower().replace(" ", "-")
    is_claim = outcome.is_claim
    return SettingResult(
        name,
        group,
        title,
        outcome,
        url or f"{ORIGIN}/settings/{name}" if is_claim else url,
        before,
        after,
        reason,
        selector if is_claim else None,
        at if is_claim else None,
        ("path", "control id", "label") if is_claim else (),
        0.93 if selector == RELOCATED else None,
        change,
    )


def off(title: str, group: str = "ad-personalization", at: datetime = NOON) -> SettingResult:
    return setting(title, Outcome.TURNED_OFF, State.ON, State.OFF, group=group, at=at)


def was_off(title: str, group: str = "ad-personalization", at: datetime = NOON) -> SettingResult:
    return setting(title, Outcome.ALREADY_OFF, State.OFF, State.OFF, group=group, at=at)


def is_on(title: str, change: str | None = None) -> SettingResult:
    return setting(title, Outcome.WOULD_TURN_OFF, State.ON, change=change)


def account(
    *settings: SettingResult,
    name: str = "me",
    status: Status = Status.DONE,
    reason: str | None = None,
    unlisted: Sequence[Unlisted] = (),
) -> AccountResult:
    return AccountResult(name, "service", status, reason, 41, settings, tuple(unlisted))


def run(*accounts: AccountResult, command: str = "run", dry_run: bool = False, run_id: int | None = None) -> RunResult:
    return RunResult(command, dry_run, NOON, 21.4, accounts, run_id)


def mixed_run(run_id: int | None = None) -> RunResult:
    """One of everything: what a page has to show at its worst."""
    return run(
        account(
            setting("Data for Generative AI Improvement", Outcome.TURNED_OFF, State.ON, State.OFF, group="ai-training"),
            was_off("Connections"),
            setting("Job information", Outcome.TURNED_OFF, State.MIXED, State.OFF, selector=RELOCATED),
            setting(
                "Age range", Outcome.NOT_SAVED, State.ON, State.ON, reason="a fresh load of its page still says on"
            ),
            setting("Gender", Outcome.NOT_FOUND, reason="two controls fit equally well, and nothing tells them apart"),
            setting(
                "Inferred city location",
                Outcome.UNREADABLE,
                State.OFF,
                State.ON,
                reason=f"its page says off ({ORIGIN}/settings/city), its index row says on ({ORIGIN}/ads)",
            ),
            setting("Groups", Outcome.NOT_REACHED, reason="the run ended before its turn"),
            setting(
                "Share data with affiliates and partners",
                Outcome.NOT_OFFERED,
                State.ABSENT,
                State.ABSENT,
                group="affiliate-sharing",
            ),
            status=Status.FAILED,
            reason="the site asked to slow down (HTTP 429) at 12:00; wait an hour, then: optout run me",
            unlisted=[Unlisted("Use my voice for assistants", f"{ORIGIN}/settings/voice", State.ON)],
        ),
        account(was_off("Connections"), off("Age range"), name="work"),
        run_id=run_id,
    )


def recorded(path: Path) -> RunResult:
    """A history at `path` with an older run, a check and `mixed_run`; gives the last one's result."""
    with History.open(path) as history:
        for number, command in enumerate(("run", "check", "run")):
            run_id = history.begin_run(
                command, False, {"me": ORIGIN, "work": ORIGIN}, program_version="0.1.0", catalogue_version="2026-11-01"
            )
            at = NOON - timedelta(days=20 - 10 * number)
            results = (
                mixed_run(run_id)
                if number == 2
                else RunResult(
                    command,
                    False,
                    at,
                    3.0,
                    (
                        account(
                            setting("Age range", Outcome.WOULD_TURN_OFF, State.ON, at=at)
                            if number
                            else off("Age range", at=at),
                            was_off("Connections", at=at),
                        ),
                    ),
                    run_id,
                )
            )
            reading = Reading(State.OFF, f"{ORIGIN}/settings/connections", "2026-07", at, ("path", "label"))
            history.record_readings(run_id, "me", ORIGIN, [Recorded("connections", "after", reading)])
            for item in results.accounts:
                history.finish_account(run_id, item, ORIGIN)
            history.finish_run(run_id, results)
        return results


def png(width: int, height: int, shade: int = 200) -> bytes:
    """A grey picture of that size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + bytes([shade]) * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content
