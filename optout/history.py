"""What was seen and done, in SQLite: the only record the program keeps of its runs.

Stored, and nothing else: the command, its times and versions; the names of accounts and their service's origin;
per setting its id, title, states, outcome, reason, the page's address (without query, fragment or user part), the
selector version, witnesses and times; what a control looked like (`seen`, its own attributes and labels, never a
typed value); and each intent to operate a control. User names, passwords, authenticator secrets, cookies and
page sources are never given to this module.

The file is 0600 and so are SQLite's companions beside it. It is in WAL mode with `synchronous=FULL`: what a method
has written when it returns survives a killed process and a lost power supply.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from optout.history_file import HistoryError, faults
from optout.history_reader import HistoryReader
from optout.history_rows import (
    Change,
    Intent,
    Point,
    Recorded,
    Role,
    RowsSeen,
    RunRow,
    Verified,
    canonical,
    clean_url,
    reading_as_json,
    setting_as_json,
)
from optout.outcomes import AccountResult, Outcome, Reading, RunResult, State, iso, now

__all__ = ["Change", "History", "HistoryError", "Intent", "Point", "Recorded", "Role", "RowsSeen", "RunRow", "Verified"]


class History(HistoryReader):
    """The history file, usable from several threads. Every method raises `HistoryError` when the file fails."""

    def begin_run(
        self,
        command: str,
        dry_run: bool,
        origin_by_account: Mapping[str, str],
        *,
        program_version: str,
        catalogue_version: str,
        started: datetime | None = None,
    ) -> int:
        """Record that a run begins over these accounts, and give its id."""
        with self._writing() as database:
            cursor = database.execute(
                "INSERT INTO runs(command, dry_run, started, program_version, catalogue_version) VALUES (?,?,?,?,?)",
                (command, dry_run, iso(started or now()), program_version, catalogue_version),
            )
            run_id = int(cursor.lastrowid or 0)
            database.executemany(
                "INSERT INTO accounts(run_id, position, account, origin) VALUES (?,?,?,?)",
                [(run_id, place, account, origin) for place, (account, origin) in enumerate(origin_by_account.items())],
            )
        with self._lock:
            self._own_runs.add(run_id)
        return run_id

    def intend(  # noqa: PLR0913, PLR0917 -- one record, written in one place of the engine
        self,
        run_id: int,
        account: str,
        origin: str,
        setting_id: str,
        before: State,
        url: str,
        detail: Mapping[str, Any] | None = None,
    ) -> int:
        """Record that a control is about to be operated; on the disk when this returns. Gives the intent's id.

        `detail` is what an undo needs beside the state, for instance which of several boxes were on.
        """
        with self._writing() as database:
            cursor = database.execute(
                "INSERT INTO intents(run_id, account, origin, setting_id, at, before, url, detail)"
                " VALUES (?,?,?,?,?,?,?,?)",
                (run_id, account, origin, setting_id, iso(now()), before, clean_url(url), canonical(detail or {})),
            )
            return int(cursor.lastrowid or 0)

    def conclude(self, intent_id: int, outcome: Outcome, reading: Reading | None, *, run_id: int | None = None) -> None:
        """Record what became of an intent. `run_id`: the run that found out, if a later one than the intent's own."""
        document = canonical(reading_as_json(reading)) if reading else None
        with self._writing() as database:
            database.execute(
                "UPDATE intents SET outcome=?, reading=?, concluded_at=?, concluded_by=COALESCE(?, run_id) WHERE id=?",
                (outcome, document, iso(now()), run_id, intent_id),
            )

    def record_readings(self, run_id: int, account: str, origin: str, readings: Iterable[Recorded]) -> None:
        """Record readings of an account's settings, in one transaction."""
        who = (run_id, account, origin)
        rows = [
            (*who, item.setting_id, item.role, canonical(reading_as_json(item.reading)), _optional(item.seen))
            for item in readings
        ]
        if not rows:
            return
        with self._writing() as database:
            database.executemany(
                "INSERT INTO readings(run_id, account, origin, setting_id, role, document, seen)"
                " VALUES (?,?,?,?,?,?,?)",
                rows,
            )

    def finish_account(self, run_id: int, result: AccountResult, origin: str) -> None:
        """Record an account's result; a second call for the same account and run replaces the first."""
        with self._writing() as database:
            self._write_account(database, run_id, result, origin)

    def finish_run(self, run_id: int, result: RunResult) -> None:
        """Record that a run ended, with the results of accounts not recorded yet."""
        with self._writing() as database:
            known = {
                row[0]: (row[1], row[2])
                for row in database.execute(
                    "SELECT account, origin, document IS NOT NULL FROM accounts WHERE run_id=?", (run_id,)
                )
            }
            for account in result.accounts:
                origin, is_written = known.get(account.account, ("", False))
                if not is_written:
                    self._write_account(database, run_id, account, origin)
            database.execute(
                "UPDATE runs SET started=?, finished=?, seconds=? WHERE id=?",
                (iso(result.started), iso(now()), result.seconds, run_id),
            )
        with self._lock:
            self._own_runs.discard(run_id)

    def forget(self, account: str, origin: str) -> None:
        """Erase everything recorded of one account (the disk space is overwritten)."""
        with self._writing() as database:
            for table in ("accounts", "results", "readings", "intents"):
                database.execute(f"DELETE FROM {table} WHERE account=? AND origin=?", (account, origin))  # noqa: S608 -- fixed names
            database.execute("DELETE FROM runs WHERE id NOT IN (SELECT run_id FROM accounts)")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, faults(self._path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def _write_account(self, database: sqlite3.Connection, run_id: int, result: AccountResult, origin: str) -> None:
        document = result.as_json()
        del document["settings"]
        for row in document["unlisted"]:
            row["url"] = clean_url(row["url"])
        database.execute(
            "INSERT INTO accounts(run_id, position, account, origin, document)"
            " VALUES (?1, (SELECT COUNT(*) FROM accounts WHERE run_id=?1), ?2, ?3, ?4)"
            " ON CONFLICT(run_id, account) DO UPDATE SET document=excluded.document",
            (run_id, result.account, origin, canonical(document)),
        )
        database.execute("DELETE FROM results WHERE run_id=? AND account=?", (run_id, result.account))
        database.executemany(
            "INSERT INTO results(run_id, account, origin, position, setting_id, outcome, document)"
            " VALUES (?,?,?,?,?,?,?)",
            [
                (run_id, result.account, origin, place, item.id, item.outcome, canonical(setting_as_json(item)))
                for place, item in enumerate(result.settings)
            ],
        )


def _optional(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else canonical(value)
