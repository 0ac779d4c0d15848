"""The folders and files that the program keeps. Folders are 0700 and files 0600 from the moment they exist."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from optout.errors import UsageError
from optout.origins import DEFAULT_PORTS, origin_parts

APP = "optout"
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
OWN_NAMES = frozenset(
    {
        "accounts.json",
        "selectors.yaml",
        "history.sqlite",
        "keyring.cfg",
        "profiles",
        "reports",
        "locks",
        "notices",
    }
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is kept: all in `home`, or with `config` and `state` apart, as the platform likes it.

    Nothing is created or looked at before `prepare()` or one of the functions below.
    """

    home: Path
    config: Path | None = None
    state: Path | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Places:
        """The one folder that OPTOUT_HOME names, else the platform's own folders."""
        home = environ.get("OPTOUT_HOME", "").strip()
        if home:
            return cls(Path(os.path.abspath(Path(home).expanduser())))  # noqa: PTH100 -- resolve() would follow links
        from platformdirs import PlatformDirs  # noqa: PLC0415 -- not needed where OPTOUT_HOME is set

        folders = PlatformDirs(APP, appauthor=False)
        return cls(folders.user_data_path, folders.user_config_path, folders.user_state_path)

    @property
    def config_home(self) -> Path:
        """The folder of what the person writes."""
        return self.config or self.home

    @property
    def state_home(self) -> Path:
        """The folder of what the program remembers."""
        return self.state or self.home

    @property
    def accounts_file(self) -> Path:
        """The accounts, without their secrets."""
        return self.home / "accounts.json"

    @property
    def keyring_file(self) -> Path:
        """The encrypted secrets, where there is no system keyring."""
        return self.home / "keyring.cfg"

    @property
    def overlay_file(self) -> Path:
        """The person's own selector versions, laid over the catalogue."""
        return self.config_home / "selectors.yaml"

    @property
    def history_file(self) -> Path:
        """What was seen and done."""
        return self.state_home / "history.sqlite"

    @property
    def profiles(self) -> Path:
        """One kept browser profile per account and origin."""
        return self.home / "profiles"

    @property
    def reports(self) -> Path:
        """The report pages of past runs."""
        return self.home / "reports"

    @property
    def locks(self) -> Path:
        """Lock files: one program at a time on one thing."""
        return self.state_home / "locks"

    @property
    def notices(self) -> Path:
        """The last seen text of the watched notices."""
        return self.state_home / "notices"

    def profile(self, account: str, origin: str) -> Path:
        """The browser profile of an account on one origin; accounts and origins never share one.

        The account's name is one that `optout.accounts.check_name` lets pass.
        """
        scheme, host, port = origin_parts(origin)
        suffix = "" if port == DEFAULT_PORTS.get(scheme) else f"_{port}"
        return self.profiles / f"{account}@{_file_name(host)}{suffix}"

    def profiles_of(self, account: str) -> tuple[Path, ...]:
        """The browser profiles of that account, whatever their origin."""
        start = f"{account}@"
        try:
            found = [path for path in self.profiles.iterdir() if path.name.startswith(start)]
        except OSError:
            return ()
        # An account's name may hold an "@", a host's cannot: "me@work@host" is not a profile of "me".
        return tuple(sorted(path for path in found if "@" not in path.name[len(start) :]))

    def prepare(self) -> Places:
        """Makes the folders, private; raises `UsageError` where that cannot be."""
        for folder in (self.home, self.config_home, self.state_home):
            private_folder(folder)
        return self


def _file_name(host: str) -> str:
    # A colon (IPv6) is no file name on Windows, and an underscore would be mistaken for the port's.
    return re.sub(r"[^A-Za-z0-9.-]", lambda found: f"%{ord(found[0]):X}", host)


def writable_folder(folder: Path) -> Path:
    """A folder that the person named, made 0700 if missing. Raises `UsageError` when nothing can be written there."""
    if not folder.is_dir():
        private_folder(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{folder} cannot be written")
    return folder


def private_folder(folder: Path) -> Path:
    """The folder, existing, writable and for its owner only (0700); its missing parents are made so too.

    Raises `UsageError` when it cannot be so, or when it is a folder that others need open.
    """
    try:
        for parent in reversed([folder, *folder.parents]):
            with suppress(FileExistsError):
                parent.mkdir(mode=PRIVATE_FOLDER)
        status = folder.stat()
        if not stat.S_ISDIR(status.st_mode):
            raise UsageError(f"{folder} is a file where a folder is needed. {_elsewhere()}")
        if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
            _refuse_shared(folder, status)
            folder.chmod(PRIVATE_FOLDER)
    except NotADirectoryError:
        raise UsageError(f"{folder} cannot be made: one of its parents is a file. {_elsewhere()}") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be used ({error.strerror}). {_elsewhere()}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK) or _is_read_only(folder):
        raise UsageError(f"{folder} cannot be written. {_elsewhere()}")
    return folder


def open_private(path: Path, mode: str = "r") -> IO[Any]:
    """The file, opened like `open`; created as 0600, and made so if it was looser. Text is UTF-8.

    Raises `UsageError` when the file system refuses; `FileNotFoundError` stays what it is.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, PRIVATE_FILE)

    encoding = None if "b" in mode else "utf-8"
    try:
        handle = open(path, mode, encoding=encoding, opener=opener)  # noqa: SIM115 -- pathlib has no opener
        if os.name == "posix" and stat.S_IMODE(os.fstat(handle.fileno()).st_mode) & 0o077:
            os.fchmod(handle.fileno(), PRIVATE_FILE)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(f"{path} cannot be opened ({error.strerror}). {_elsewhere()}") from error
    return handle


def write_private(path: Path, text: str) -> None:
    """Replaces the file's content in one step (a crash leaves the old or the new one), mode 0600.

    Raises `UsageError` when the file system refuses.
    """
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}). {_elsewhere()}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        Path(draft).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(draft).unlink()
        raise UsageError(f"{path} cannot be written ({error.strerror}). {_elsewhere()}") from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Windows cannot open folders; there the replacing itself has to do.
    if os.name != "posix":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_read_only(folder: Path) -> bool:
    # For root, os.access is true on a file system mounted read-only by some containers; making a file is the proof.
    try:
        with tempfile.TemporaryFile(dir=folder):
            return False
    except OSError:
        return True


def _refuse_shared(folder: Path, status: os.stat_result) -> None:
    """Closing /tmp, /opt or a home folder to others would break the machine: only a folder of our own is closed."""
    is_own = status.st_uid == os.getuid()
    is_shared = bool(status.st_mode & stat.S_ISVTX) or folder == Path.home() or folder == Path(folder.anchor)
    names = {entry.name for entry in folder.iterdir()} if is_own and not is_shared else set()
    if not is_own or is_shared or (names and not names & OWN_NAMES):
        raise UsageError(
            f"{folder} is open to other users and holds other things. "
            "Name a folder that is only for this program: export OPTOUT_HOME=~/.optout"
        )


def _elsewhere() -> str:
    return "Name a folder that you can write: export OPTOUT_HOME=~/.optout"
