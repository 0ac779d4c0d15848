"""The history's file: its creation, its schema, and its faults put into one sentence each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optout.errors import UsageError
from optout.places import open_private, private_folder

FORMAT = 1
APPLICATION_ID = 0x6F70746F  # "opto": tells our file from any other SQLite database
BUSY_SECONDS = 10.0
SMALLEST_PAGE_BYTES = 512

SCHEMA = """
CREATE TABLE runs(
  id INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, dry_run INTEGER NOT NULL, started TEXT NOT NULL,
  program_version TEXT NOT NULL, catalogue_version TEXT NOT NULL, finished TEXT, seconds REAL) STRICT;
CREATE TABLE accounts(
  run_id INTEGER NOT NULL, position INTEGER NOT NULL, account TEXT NOT NULL, origin TEXT NOT NULL, document TEXT,
  PRIMARY KEY(run_id, account)) STRICT;
CREATE TABLE results(
  run_id INTEGER NOT NULL, account TEXT NOT NULL, origin TEXT NOT NULL, position INTEGER NOT NULL,
  setting_id TEXT NOT NULL, outcome TEXT NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY(run_id, account, position)) STRICT;
CREATE TABLE readings(
  id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, account TEXT NOT NULL, origin TEXT NOT NULL,
  setting_id TEXT NOT NULL, role TEXT NOT NULL, document TEXT NOT NULL, seen TEXT) STRICT;
CREATE TABLE intents(
  id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL, account TEXT NOT NULL, origin TEXT NOT NULL,
  setting_id TEXT NOT NULL, at TEXT NOT NULL, before TEXT NOT NULL, url TEXT NOT NULL, detail TEXT NOT NULL,
  concluded_at TEXT, concluded_by INTEGER, outcome TEXT, reading TEXT) STRICT;
CREATE INDEX results_of_account ON results(account, origin, outcome);
CREATE INDEX readings_of_run ON readings(run_id, account, setting_id);
CREATE INDEX readings_seen ON readings(origin, account) WHERE seen IS NOT NULL;
CREATE INDEX intents_of_account ON intents(account, origin, outcome);
"""


class HistoryError(UsageError):
    """The history cannot be used; the text names the file and what to do."""


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system raises into a `HistoryError` about `path`."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        raise HistoryError(_sentence(path, error)) from error
    except UnicodeDecodeError as error:
        raise HistoryError(_damaged(path, "a text in it is none")) from error
    except OSError as error:
        raise HistoryError(_unwritable(path, error.strerror or str(error))) from error


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn what a record of another shape raises into a `HistoryError` about `path`."""
    try:
        yield
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise HistoryError(_damaged(path, "a record cannot be read")) from error


def open_database(path: Path, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """A connection to the history at `path`, created 0600 (its missing folders 0700) and brought to `FORMAT`.

    Raises `HistoryError` when it is damaged, another program's or a newer one's, or cannot be written.
    """
    with faults(path):
        _create_private(path)
        database = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        try:
            _prepare(path, database)
        except BaseException:
            database.close()
            raise
        return database


def _create_private(path: Path) -> None:
    # SQLite gives its companions (-wal, -shm) the mode of the file, so the file has it from the first moment.
    try:
        private_folder(path.parent)
        open_private(path, "ab").close()
    except UsageError as error:
        raise HistoryError(f"The history cannot be kept: {error}") from error
    # SQLite takes a file shorter than its smallest page for an empty one, and would write over what is left in it.
    if 0 < path.stat().st_size < SMALLEST_PAGE_BYTES:
        raise HistoryError(_damaged(path, "it is cut short"))


def _prepare(path: Path, database: sqlite3.Connection) -> None:
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "secure_delete=ON", "foreign_keys=OFF"):
        database.execute(f"PRAGMA {pragma}")
    version, application = _number(database, "user_version"), _number(database, "application_id")
    if version > FORMAT and application == APPLICATION_ID:
        raise HistoryError(
            f"The history {path} comes from a newer optout (its format is {version}, this one knows {FORMAT}): "
            "install the newest optout, or set OPTOUT_HOME to another folder."
        )
    if (version, application) not in ((0, 0), (FORMAT, APPLICATION_ID)):
        raise HistoryError(_damaged(path, "it is not an optout history"))
    database.execute("PRAGMA journal_mode=WAL").fetchall()
    database.execute("PRAGMA synchronous=FULL")
    # Two first runs at once: the lock comes first, then the look whether the other one has made the tables.
    database.execute("BEGIN IMMEDIATE")
    try:
        if _number(database, "user_version") == 0:
            _create_tables(path, database)
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
    problem = database.execute("PRAGMA quick_check(1)").fetchone()
    if not problem or problem[0] != "ok":
        raise HistoryError(_damaged(path, "its check fails"))


def _create_tables(path: Path, database: sqlite3.Connection) -> None:
    if database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
        raise HistoryError(_damaged(path, "it is not an optout history"))
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            database.execute(statement)
    database.execute(f"PRAGMA application_id={APPLICATION_ID}")
    database.execute(f"PRAGMA user_version={FORMAT}")


def _number(database: sqlite3.Connection, pragma: str) -> int:
    return int(database.execute(f"PRAGMA {pragma}").fetchone()[0])


def _sentence(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return f"No space is left for the history {path}: free some on that disk, then repeat the command."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"The history {path} is in use by another optout: wait until that has ended, then repeat the command."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return _unwritable(path, str(error))
    return _damaged(path, str(error))


def _unwritable(path: Path, detail: str) -> str:
    return (
        f"The history {path} cannot be written ({detail}): "
        "make its folder writable, or set OPTOUT_HOME to a folder that is."
    )


def _damaged(path: Path, detail: str) -> str:
    return (
        f"The history {path} is damaged ({detail}): move it away, for instance to {path.name}.damaged "
        "in the same folder, and the next run begins a new one."
    )
