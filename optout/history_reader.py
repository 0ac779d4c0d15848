"""Reading the history: what earlier runs saw, claimed and left open."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from optout.history_file import BUSY_SECONDS, decoding, faults, open_database
from optout.history_rows import (
    CLAIMS,
    DOUBTS,
    Change,
    Intent,
    Point,
    RowsSeen,
    RunRow,
    Verified,
    account_from_json,
    canonical,
    digest_of,
    last_changes_of,
    load_object,
    moment,
    setting_from_json,
    verified_state,
)
from optout.outcomes import AccountResult, Outcome, RunResult, SettingResult, State, Status

ENDED_EARLY = "the program ended before this account's result was written; run it again"


class HistoryReader:
    """The history file as it is read, from several threads. Every method raises `HistoryError` when the file fails."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self._path = path
        self._database = database
        self._lock = threading.RLock()
        self._own_runs: set[int] = set()

    @classmethod
    def open(cls, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Self:
        """The history at `path`, created with its folder if missing; waits so long for another process's write.

        Raises `HistoryError` when the file is damaged, newer than this program, or cannot be written.
        """
        return cls(path, open_database(path, busy_seconds))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the object is of no use afterwards."""
        with self._lock:
            self._database.close()

    def unfinished(self, account: str, origin: str) -> tuple[Intent, ...]:
        """Intents without a conclusion, oldest first. Runs begun through this object are left out.

        To be asked while holding the account's lock: another process's run in progress looks the same.
        """
        rows = self._rows(
            "SELECT i.id, i.run_id, i.setting_id, i.before, i.url, i.detail, i.at, r.command,"
            " (SELECT COALESCE(json_extract(a.document, '$.status')=?, 0) FROM accounts a"
            "  WHERE a.run_id=i.run_id AND a.account=i.account)"
            " FROM intents i JOIN runs r ON r.id=i.run_id"
            " WHERE i.account=? AND i.origin=? AND i.outcome IS NULL ORDER BY i.id",
            (Status.DONE, account, origin),
        )
        with decoding(self._path), self._lock:
            return tuple(
                Intent(
                    key,
                    run_id,
                    account,
                    origin,
                    setting_id,
                    State(before),
                    url,
                    load_object(detail),
                    moment(at),
                    command,
                    bool(was_done),
                )
                for key, run_id, setting_id, before, url, detail, at, command, was_done in rows
                if run_id not in self._own_runs
            )

    def last_verified(self, account: str, origin: str) -> dict[str, Verified]:
        """Per setting the state last proved. What `run` or `undo` proved goes before what a `check` saw."""
        rows = self._rows(
            "SELECT run_id, setting_id, document, started, command FROM ("
            " SELECT s.run_id, s.setting_id, s.document, r.started, r.command, ROW_NUMBER() OVER"
            " (PARTITION BY s.setting_id ORDER BY r.command='check', s.run_id DESC) AS place"
            " FROM results s JOIN runs r ON r.id=s.run_id"
            " WHERE s.account=? AND s.origin=? AND s.outcome IN (?,?,?,?,?)) WHERE place=1 ORDER BY run_id",
            (account, origin, *CLAIMS),
        )
        seen = self.seen_controls(account, origin)
        found: dict[str, Verified] = {}
        with decoding(self._path):
            for run_id, setting_id, document, started, command in rows:
                result = setting_from_json(load_object(document))
                found[setting_id] = Verified(
                    state=verified_state(result),
                    at=result.checked_at or moment(started),
                    run_id=run_id,
                    selector=result.selector,
                    seen=seen.get(setting_id, {}),
                    command=command,
                )
        return found

    def doubted(self, account: str, origin: str) -> frozenset[str]:
        """The settings of which the last run or check that reached them could not say that they are as claimed."""
        rows = self._rows(
            "SELECT setting_id FROM (SELECT setting_id, outcome, ROW_NUMBER() OVER"
            " (PARTITION BY setting_id ORDER BY run_id DESC) AS place FROM results"
            " WHERE account=? AND origin=? AND outcome NOT IN (?,?)) WHERE place=1 AND outcome IN (?,?,?)",
            (account, origin, Outcome.FAILED, Outcome.NOT_REACHED, *DOUBTS),
        )
        return frozenset(setting_id for (setting_id,) in rows)

    def rows_seen(self, account: str, origin: str, setting_ids: Iterable[str]) -> RowsSeen | None:
        """The unlisted rows of an account's finished runs, each with its last state.

        None without such a run over all these settings: on an index that nobody read every row would seem new.
        """
        rows = self._rows(
            "SELECT r.started, a.document, (SELECT group_concat(s.setting_id) FROM results s"
            " WHERE s.run_id=a.run_id AND s.account=a.account) FROM accounts a JOIN runs r ON r.id=a.run_id"
            " WHERE a.account=? AND a.origin=? AND a.document IS NOT NULL ORDER BY a.run_id",
            (account, origin),
        )
        wanted, at, states = set(setting_ids), None, {}
        with decoding(self._path):
            for started, text, covered in rows:
                result = account_from_json(load_object(text), ())
                if result.status is Status.DONE:
                    states.update({row.url: row.state for row in result.unlisted})
                    at = moment(started) if wanted <= set((covered or "").split(",")) else at
        return RowsSeen(at, states) if at else None

    def seen_controls(self, account: str, origin: str) -> dict[str, dict[str, Any]]:
        """Per setting what its control looked like when it was last used with success in this account."""
        rows = self._rows(
            "SELECT setting_id, seen FROM readings WHERE id IN ("
            " SELECT MAX(d.id) FROM readings d JOIN results s ON s.run_id=d.run_id AND s.account=d.account"
            " AND s.setting_id=d.setting_id WHERE d.account=? AND d.origin=? AND d.seen IS NOT NULL"
            " AND s.outcome IN (?,?,?,?) GROUP BY d.setting_id)",
            (account, origin, *(claim for claim in CLAIMS if claim is not Outcome.NOT_OFFERED)),
        )
        with decoding(self._path):
            return {setting_id: load_object(seen) for setting_id, seen in rows}

    def last_changes(self, account: str, origin: str) -> tuple[Change, ...]:
        """What the last run with changes turned off and nobody has put back since, each setting once, oldest first.

        Runs directly before it that ended early (killed, stopped, sent away by the site) belong to it: it went on where
        they were. `before` is the state before the first try.
        """
        rows = self._rows(
            "SELECT i.id, i.concluded_by, i.setting_id, i.before, i.url, i.detail, i.concluded_at, i.reading,"
            " (SELECT COUNT(*) FROM intents u WHERE u.account=i.account AND u.origin=i.origin"
            "  AND u.setting_id=i.setting_id AND u.outcome=? AND u.id>i.id) AS undone,"
            " (SELECT COALESCE(json_extract(a.document, '$.status')=?, 0) FROM accounts a"
            "  WHERE a.run_id=i.concluded_by AND a.account=i.account)"
            # An undo that died was about to switch on: its intent is no change, whatever was found later.
            " FROM intents i WHERE i.account=? AND i.origin=? AND i.outcome=? AND i.before IN (?,?)"
            " ORDER BY i.concluded_by DESC, i.id DESC",
            (Outcome.RESTORED, Status.DONE, account, origin, Outcome.TURNED_OFF, State.ON, State.MIXED),
        )
        with decoding(self._path):
            return last_changes_of(rows)

    def runs(self, limit: int = 20, account: str | None = None) -> tuple[RunRow, ...]:
        """The last runs, newest first; with `account`, those that covered it."""
        rows = self._rows(
            "SELECT id FROM runs WHERE ?1 IS NULL OR id IN (SELECT run_id FROM accounts WHERE account=?1)"
            " ORDER BY id DESC LIMIT ?2",
            (account, limit),
        )
        return tuple(row for (run_id,) in rows if (row := self.run_row(run_id)))

    def run_row(self, run_id: int) -> RunRow | None:
        """One run's line, or `None` if there is no such run."""
        rows = self._rows(
            "SELECT command, dry_run, started, finished, seconds, program_version, catalogue_version"
            " FROM runs WHERE id=?",
            (run_id,),
        )
        if not rows:
            return None
        command, dry_run, started, finished, seconds, program_version, catalogue_version = rows[0]
        accounts = self._accounts(run_id)
        with decoding(self._path):
            return RunRow(
                run_id=run_id,
                command=command,
                dry_run=bool(dry_run),
                started=moment(started),
                finished=moment(finished) if finished else None,
                seconds=seconds,
                program_version=program_version,
                catalogue_version=catalogue_version,
                origins={account: origin for account, origin, _ in accounts},
                statuses={name: Status(load_object(text)["status"]) if text else None for name, _, text in accounts},
            )

    def run(self, run_id: int) -> RunResult:
        """A run's result as it was reported; an account without one is `failed`. `KeyError`: no such run."""
        row = self.run_row(run_id)
        if row is None:
            raise KeyError(run_id)
        accounts = []
        for account, origin, document in self._accounts(run_id):
            settings = self._settings(run_id, account)
            with decoding(self._path):
                accounts.append(
                    account_from_json(load_object(document), settings)
                    if document
                    else AccountResult(account, origin, Status.FAILED, ENDED_EARLY, 0, settings)
                )
        return RunResult(row.command, row.dry_run, row.started, row.seconds or 0.0, tuple(accounts), run_id)

    def timeline(self, account: str, origin: str) -> dict[str, tuple[Point, ...]]:
        """Per setting what was proved when, oldest first: the state before and, where it differs, after."""
        rows = self._rows(
            "SELECT s.setting_id, s.document, r.started FROM results s JOIN runs r ON r.id=s.run_id"
            # A skipped account repeats what an earlier run has recorded.
            " JOIN accounts a ON a.run_id=s.run_id AND a.account=s.account"
            " WHERE s.account=? AND s.origin=? AND s.outcome IN (?,?,?,?,?)"
            " AND coalesce(json_extract(a.document, '$.status'), '') <> 'skipped' ORDER BY s.run_id",
            (account, origin, *CLAIMS),
        )
        points: dict[str, tuple[Point, ...]] = {}
        with decoding(self._path):
            for setting_id, document, started in rows:
                result = setting_from_json(load_object(document))
                at, final = result.checked_at or moment(started), verified_state(result)
                earlier = (Point(at, result.before),) if result.before not in (None, final, State.UNKNOWN) else ()
                points[setting_id] = points.get(setting_id, ()) + earlier + (Point(at, final),)
        return points

    def evidence(self, run_id: int) -> str:
        """The canonical JSON of a run: its results and every recorded reading. `KeyError`: no such run."""
        row, result = self.run_row(run_id), self.run(run_id)
        if row is None:
            raise KeyError(run_id)
        readings = self._rows(
            "SELECT account, setting_id, role, document FROM readings WHERE run_id=? ORDER BY account, setting_id, id",
            (run_id,),
        )
        with decoding(self._path):
            return canonical(
                {
                    "run": run_id,
                    "program": row.program_version,
                    "catalogue": row.catalogue_version,
                    "result": result.as_json(),
                    "readings": [
                        {"account": account, "setting": setting_id, "role": role, **load_object(document)}
                        for account, setting_id, role, document in readings
                    ],
                }
            )

    def digest(self, run_id: int) -> str:
        """SHA-256, in hexadecimal, of `evidence`: any later edit of the run's record changes it."""
        return digest_of(self.evidence(run_id))

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock, faults(self._path):
            return self._database.execute(query, values).fetchall()

    def _accounts(self, run_id: int) -> list[Any]:
        return self._rows("SELECT account, origin, document FROM accounts WHERE run_id=? ORDER BY position", (run_id,))

    def _settings(self, run_id: int, account: str) -> tuple[SettingResult, ...]:
        rows = self._rows(
            "SELECT document FROM results WHERE run_id=? AND account=? ORDER BY position", (run_id, account)
        )
        with decoding(self._path):
            return tuple(setting_from_json(load_object(document)) for (document,) in rows)
