"""The encrypted file that stands in for a system keyring (keyrings.cryptfile: Argon2id and AES-GCM)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from configparser import Error as IniError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from optout.errors import UsageError
from optout.places import open_private, private_folder
from optout.secret import Secret

PASSPHRASE_VARIABLE = "OPTOUT_KEYRING_PASSPHRASE"  # noqa: S105 -- the variable's name, not its value
LOCK_SECONDS = 30
# RFC 9106, section 4: the second recommended choice, for machines without 2 GiB to spare.
TIME_COST, MEMORY_KIB, LANES = 3, 64 * 1024, 4

Ask = Callable[[str], Secret]
DAMAGED = (IniError, ValueError, AssertionError, KeyError, TypeError, UnicodeError)


class EncryptedFile:
    """Secrets in one file, mode 0600, replaced whole at every change, unlocked once by a passphrase."""

    def __init__(self, path: Path, passphrase: Secret | None, ask: Ask | None) -> None:
        self._path = path
        self._passphrase = passphrase
        self._ask = ask
        self._ring: Any = None

    @property
    def exists(self) -> bool:
        """Whether something was ever kept in it."""
        return self._path.exists()

    def get(self, service: str, user: str) -> Secret | None:
        """The secret, if it is there. Raises `UsageError` for a wrong or missing passphrase and a damaged file."""
        if not self.exists:
            return None
        with self._locked():
            ring = self._unlocked(self._path)
            try:
                text = ring.get_password(service, user)
            except DAMAGED as error:
                raise self._damaged() from error
        return None if text is None else Secret(text)

    def unlock(self) -> None:
        """See that the passphrase opens it, where there is such a file. Raises `UsageError` as `get` does."""
        if self.exists:
            with self._locked():
                self._unlocked(self._path)

    def set(self, service: str, user: str, secret: Secret) -> None:
        """Keeps the secret; the first one makes the file. Raises `UsageError` as `get` does."""
        private_folder(self._path.parent)
        with self._locked(), self._draft() as draft:
            self._unlocked(draft).set_password(service, user, secret.reveal())

    def delete(self, service: str, user: str) -> bool:
        """Forgets the secret, and says whether it was there; needs no passphrase."""
        if not self.exists:
            return False
        from keyring.errors import PasswordDeleteError  # noqa: PLC0415 -- keyring is imported where it is used

        with self._locked(), self._draft() as draft:
            ring = self._ring or _new_ring()
            ring.file_path = str(draft)
            try:
                ring.delete_password(service, user)
            except PasswordDeleteError:
                return False
            except DAMAGED as error:
                raise self._damaged() from error
        return True

    def _unlocked(self, path: Path) -> Any:
        """The keyring on that file, opened by the passphrase; asked for at most once."""
        if self._ring is not None:
            self._ring.file_path = str(path)
            return self._ring
        is_new = not path.exists() or path.stat().st_size == 0
        ring = _new_ring()
        ring.file_path = str(path)
        passphrase = self._passphrase or self._asked(is_new)
        try:
            if not is_new and not ring._check_file():
                raise self._damaged()
            ring.keyring_key = passphrase.reveal()
        except DAMAGED:
            # Without the cause: its frames hold the passphrase.
            raise UsageError(
                f"The passphrase does not open {self._path} (or the file is damaged). "
                f"Check {PASSPHRASE_VARIABLE}, or unset it to be asked: unset {PASSPHRASE_VARIABLE}"
            ) from None
        self._passphrase, self._ring = passphrase, ring
        return ring

    def _asked(self, is_new: bool) -> Secret:
        if self._ask is None:
            stands_in = "There is no system keyring here: an encrypted file stands in. " if is_new else ""
            raise UsageError(
                f"{stands_in}No terminal is there to ask for the passphrase of {self._path}. "
                f"Set the variable {PASSPHRASE_VARIABLE} for this command"
            )
        if not is_new:
            return self._ask(f"Passphrase of {self._path}: ")
        passphrase = self._ask(f"New passphrase for the encrypted file {self._path}: ")
        if not passphrase.reveal().strip():
            raise UsageError("The passphrase is empty: nothing was stored. Repeat the command with another one.")
        if passphrase != self._ask("The same again: "):
            raise UsageError("The two passphrases differ: nothing was stored. Repeat the command.")
        return passphrase

    @contextmanager
    def _draft(self) -> Iterator[Path]:
        """A private copy that takes the file's place when the block succeeds."""
        try:
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        except OSError as error:
            raise UsageError(f"{self._path} cannot be written ({error.strerror}). Run optout doctor") from error
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target:
                if self.exists:
                    with open_private(self._path, "rb") as source:
                        shutil.copyfileobj(source, target)
            yield draft
            with draft.open("rb+") as handle:
                os.fsync(handle.fileno())
            draft.replace(self._path)
        except OSError as error:
            raise UsageError(f"{self._path} cannot be written ({error.strerror}). Run optout doctor") from error
        finally:
            if self._ring is not None:
                self._ring.file_path = str(self._path)
            with suppress(OSError):
                draft.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = FileLock(self._path.with_suffix(".lock"), timeout=LOCK_SECONDS, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(f"Another optout is using {self._path} (waited {LOCK_SECONDS} s). Try again.") from None
        except OSError as error:
            raise UsageError(f"{self._path} cannot be locked ({error.strerror}). Run optout doctor") from error
        try:
            yield
        finally:
            lock.release()

    def _damaged(self) -> UsageError:
        return UsageError(
            f"The encrypted file {self._path} is damaged. Move it away (mv '{self._path}' '{self._path}.broken') "
            "and store the passwords again: optout accounts add NAME --replace"
        )


def _new_ring() -> Any:
    from keyrings.cryptfile.cryptfile import CryptFileKeyring  # noqa: PLC0415 -- 0.2 s, only where it is used

    ring = CryptFileKeyring()
    ring.time_cost, ring.memory_cost, ring.parallelism = TIME_COST, MEMORY_KIB, LANES
    return ring
