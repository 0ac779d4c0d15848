"""Where secrets are kept: the system keyring, or an encrypted file where there is none. Never plain text.

`keyring` is imported only when a secret is needed.
"""

from __future__ import annotations

import getpass
import importlib
import os
import sys
import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from optout.encrypted_file import PASSPHRASE_VARIABLE, Ask, EncryptedFile
from optout.errors import UsageError
from optout.origins import normal_origin
from optout.places import Places
from optout.secret import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

BACKEND_VARIABLE = "PYTHON_KEYRING_BACKEND"
UNATTENDED_SECONDS = 60.0
ATTENDED_SECONDS = 600.0
# By platform, best first: module, class and the name that a person knows.
SYSTEM_KEYRINGS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "darwin": (("keyring.backends.macOS", "Keyring", "macOS Keychain"),),
    "win32": (("keyring.backends.Windows", "WinVaultKeyring", "Windows Credential Manager"),),
    "linux": (
        ("keyring.backends.SecretService", "Keyring", "Secret Service"),
        ("keyring.backends.kwallet", "DBusKeyring", "KWallet"),
    ),
}

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SystemKeyring:
    """A usable system keyring."""

    backend: KeyringBackend
    name: str


@dataclass(frozen=True, slots=True)
class NoSystemKeyring:
    """No usable system keyring, and why."""

    reason: str


class KeyringSecrets:
    """The person's secrets by account and origin (`optout.secret.Secrets`), opened when the first is needed.

    A secret is looked for in the system keyring and then in the encrypted file, stored in the first of them that
    is usable, and deleted from both. Safe to share between threads.
    """

    def __init__(
        self, places: Places, environ: MutableMapping[str, str], passphrase: Secret | None, ask: Ask | None
    ) -> None:
        self._environ = environ
        self._file = EncryptedFile(places.keyring_file, passphrase, ask)
        self._seconds = UNATTENDED_SECONDS if ask is None else ATTENDED_SECONDS
        self._lock = threading.RLock()
        self._found: SystemKeyring | NoSystemKeyring | None = None

    def password(self, account: str, origin: str) -> Secret | None:
        """The account's password on that origin, if there is one; `UsageError` where the keyring refuses."""
        return self._get(origin, account)

    def totp(self, account: str, origin: str) -> Secret | None:
        """The account's authenticator secret on that origin, if there is one; `UsageError` as above."""
        return self._get(origin, _totp_user(account))

    def store(self, account: str, origin: str, password: Secret, totp: Secret | None) -> None:
        """Keeps both; an earlier authenticator secret is forgotten when `totp` is none. Raises `UsageError`."""
        self._set(origin, account, password)
        if totp is None:
            self._delete(origin, _totp_user(account))
        else:
            self._set(origin, _totp_user(account), totp)

    def delete(self, account: str, origin: str) -> None:
        """Forgets both; `UsageError` where the keyring refuses, or where the one that holds them is out of reach."""
        in_file = self._delete(origin, account)
        self._delete(origin, _totp_user(account))
        system = self._system()
        if isinstance(system, NoSystemKeyring) and not in_file:
            raise _unreachable(system)

    def where(self) -> str:
        """Where the next secret is stored, in the person's words; `UsageError` for a refused keyring."""
        system = self._system()
        return system.name if isinstance(system, SystemKeyring) else "the encrypted file"

    def _get(self, origin: str, user: str) -> Secret | None:
        with self._lock:
            service = _service(origin)
            system = self._system()
            if isinstance(system, SystemKeyring):
                backend = system.backend
                text = self._call(system, lambda: backend.get_password(service, user))
                if text is not None:
                    return Secret(text)
            elif not self._file.exists:
                raise _unreachable(system)
            return self._file.get(service, user)

    def _set(self, origin: str, user: str, secret: Secret) -> None:
        with self._lock:
            service = _service(origin)
            system = self._system()
            if isinstance(system, NoSystemKeyring):
                self._file.set(service, user, secret)
                return
            backend = system.backend
            self._call(system, lambda: backend.set_password(service, user, secret.reveal()))
            self._file.delete(service, user)

    def _delete(self, origin: str, user: str) -> bool:
        """Forgets the secret in both places; whether it was in the encrypted file."""
        with self._lock:
            service = _service(origin)
            was_in_file = self._file.delete(service, user)
            system = self._system()
            if isinstance(system, SystemKeyring):
                backend = system.backend
                self._call(system, lambda: _delete_if_there(backend, service, user))
            return was_in_file

    def _system(self) -> SystemKeyring | NoSystemKeyring:
        with self._lock:
            if self._found is None:
                self._found = find_system_keyring(self._environ)
            return self._found

    def _call(self, system: SystemKeyring, call: Callable[[], Result]) -> Result:
        """The call's result, within the time that a person may take to unlock the keyring."""
        outcome: list[Result] = []
        trouble: list[BaseException] = []

        def work() -> None:
            try:
                outcome.append(call())
            except keyring_faults() as error:
                trouble.append(error)

        # A daemon thread: an unlock dialog that nobody answers must not keep the program from ending.
        thread = threading.Thread(target=work, daemon=True, name="keyring")
        thread.start()
        thread.join(self._seconds)
        if outcome:
            return outcome[0]
        if trouble:
            raise _refused(system, trouble[0]) from None
        raise UsageError(
            f"The system keyring ({system.name}) did not answer within {self._seconds:.0f} s: "
            "it probably waits to be unlocked. Unlock it, then repeat the command."
        )


def open_secrets(places: Places, environ: MutableMapping[str, str], ask: Ask | None = None) -> KeyringSecrets:
    """The person's secrets. The passphrase is taken out of `environ` at once, so that no child process gets it.

    `ask` shows a prompt and gives what was typed unseen; without it nobody is asked.
    """
    passphrase = environ.pop(PASSPHRASE_VARIABLE, "")
    return KeyringSecrets(places, environ, Secret(passphrase) if passphrase.strip() else None, ask)


def terminal_ask() -> Ask | None:
    """A function that asks on the terminal without echo, or nothing where no person is at one."""
    if not (sys.stdin and sys.stdin.isatty()) and not (sys.stderr and sys.stderr.isatty() and _has_terminal()):
        return None

    def ask(prompt: str) -> Secret:
        try:
            return Secret(getpass.getpass(prompt))
        except (EOFError, OSError):
            raise UsageError(f"No passphrase was given. Repeat the command, or set {PASSPHRASE_VARIABLE}") from None

    return ask


def find_system_keyring(environ: MutableMapping[str, str]) -> SystemKeyring | NoSystemKeyring:
    """The keyring that the person configured for `keyring`, else the platform's own.

    Raises `UsageError` when the configured one stores plain text or cannot be loaded.
    """
    configured = _configured(environ)
    if configured is not None:
        return _judged(configured)
    reasons = []
    platform = sys.platform if sys.platform in SYSTEM_KEYRINGS else "linux"
    for module_name, class_name, name in SYSTEM_KEYRINGS[platform]:
        try:
            kind = getattr(importlib.import_module(module_name), class_name)
            kind.priority  # noqa: B018 -- raises where the keyring does not work here
            return SystemKeyring(kind(), name)
        except keyring_faults() as error:
            reasons.append(f"{name}: {_first_line(error)}")
    return NoSystemKeyring("; ".join(reasons))


def _configured(environ: MutableMapping[str, str]) -> KeyringBackend | None:
    from keyring import core  # noqa: PLC0415 -- 0.1 s, only where a secret is needed

    name = environ.get(BACKEND_VARIABLE, "").strip()
    place = BACKEND_VARIABLE if name else str(core._config_path())  # type: ignore[no-untyped-call]
    faults: tuple[type[BaseException], ...] = (*keyring_faults(), AttributeError, ValueError, TypeError)
    try:
        return core.load_keyring(name) if name else core.load_config()
    except faults as error:
        remedy = f"unset {BACKEND_VARIABLE}" if name else f"rm '{place}'"
        raise UsageError(
            f"The keyring configured in {place} cannot be used: {_first_line(error)}. "
            f"Take it out to use the system keyring: {remedy}"
        ) from None


def _judged(backend: KeyringBackend) -> SystemKeyring | NoSystemKeyring:
    kinds = type(backend).__mro__
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in kinds]
    if any("plaintext" in name.lower() for name in names):
        raise UsageError(
            f"The configured keyring {names[0]} stores passwords as plain text, so it is not used. "
            f"Use the system keyring, or the encrypted file: unset {BACKEND_VARIABLE} (and look into keyringrc.cfg)"
        )
    if "keyring.backends.chainer.ChainerBackend" in names:
        # It would hand a secret to its first member, and ask each of them for one: the first is judged alone.
        try:
            members = list(getattr(backend, "backends", ()))
        except keyring_faults() as error:
            return NoSystemKeyring(f"the configured chain of keyrings does not work: {_first_line(error)}")
        return _judged(members[0]) if members else NoSystemKeyring("the configured chain of keyrings is empty")
    if {"keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"} & set(names):
        return NoSystemKeyring(f"the configured keyring {names[0]} keeps nothing")
    if any(name.startswith("keyrings.cryptfile.") for name in names):
        return NoSystemKeyring(f"the configured keyring {names[0]} is an encrypted file")
    known = {f"{module}.{name}": shown for rows in SYSTEM_KEYRINGS.values() for module, name, shown in rows}
    return SystemKeyring(backend, next((known[name] for name in names if name in known), names[0]))


def keyring_faults() -> tuple[type[BaseException], ...]:
    """What the keyring backends raise, of those that are installed."""
    faults: list[type[BaseException]] = [RuntimeError, OSError, ImportError, NotImplementedError]
    for module_name, class_name in (
        ("keyring.errors", "KeyringError"),
        ("secretstorage.exceptions", "SecretStorageException"),
        ("jeepney", "DBusErrorResponse"),
        ("pywintypes", "error"),
    ):
        try:
            faults.append(getattr(importlib.import_module(module_name), class_name))
        except ImportError:
            continue
    return tuple(faults)


def _delete_if_there(backend: KeyringBackend, service: str, user: str) -> None:
    from keyring.errors import PasswordDeleteError  # noqa: PLC0415 -- loaded with the backend anyway

    try:
        backend.delete_password(service, user)
    except PasswordDeleteError:
        # Some backends raise the same for "not there" and for "refused"; reading tells the two apart.
        if backend.get_password(service, user) is not None:
            raise


def _refused(system: SystemKeyring, error: BaseException) -> UsageError:
    from keyring.errors import KeyringLocked  # noqa: PLC0415 -- loaded with the backend anyway

    is_locked = isinstance(error, KeyringLocked) or "lock" in str(error).lower() or "dismiss" in str(error).lower()
    what = "is locked" if is_locked else f"refuses ({_first_line(error)})"
    return UsageError(
        f"The system keyring ({system.name}) {what}. Unlock it and allow optout to use it, then repeat the command."
    )


def _unreachable(system: NoSystemKeyring) -> UsageError:
    return UsageError(
        f"No keyring can be reached here ({system.reason}), and there is no encrypted file. "
        "Where the passwords are is out of reach: run optout doctor"
    )


def _has_terminal() -> bool:
    if os.name != "posix":
        return False
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _service(origin: str) -> str:
    return f"optout:{normal_origin(origin)}"


def _totp_user(account: str) -> str:
    # "/" is in no account's name, so this is nobody's password.
    return f"{account}/totp"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
