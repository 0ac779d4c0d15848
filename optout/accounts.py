"""Accounts and their secrets: who signs in where. Knows no browser and no keyring."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from optout.errors import UsageError
from optout.origins import is_loopback, is_same_origin, origin_parts
from optout.outcomes import iso, now
from optout.places import Places, open_private, private_folder, write_private
from optout.secret import Secret, Secrets, check_totp

FORMAT = 1
LOCK_SECONDS = 10
LONGEST_USERNAME = 320
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
ADD_COMMAND = "optout accounts add NAME"


@dataclass(frozen=True, slots=True)
class Account:
    """The name that the person gave to one sign-in on one service. Holds no secret."""

    name: str
    service: str
    username: str
    origin: str
    has_totp: bool
    added: datetime

    def as_json(self) -> dict[str, Any]:
        """The account as `accounts list --json` and the accounts file show it."""
        return {**asdict(self), "added": iso(self.added)}


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to sign in: the name, and the secrets on request."""

    username: str
    password: Secret
    _account: Account
    _secrets: Secrets

    def totp(self) -> Secret | None:
        """The authenticator secret, if one was stored; pass it to `authenticator_code`."""
        return self._secrets.totp(self._account.name, self._account.origin) if self._account.has_totp else None


@dataclass(frozen=True, slots=True)
class Withheld:
    """No leave to sign in, and why, as a sentence for the person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """Gives an account's secrets to the origin that they were stored for, and to no other."""

    secrets: Secrets

    def for_origin(self, account: Account, service_origin: str, effective_origin: str) -> Grant | Withheld:
        """The credentials, where the catalogue's origin is the one recorded with the account and the pages come
        from it or from this machine (`--origin`). An account of a loopback address is for that address only.

        Raises `UsageError` where the keyring cannot be read.
        """
        objection = _objection_to(account, service_origin, effective_origin)
        if objection:
            return Withheld(objection)
        password = self.secrets.password(account.name, account.origin)
        if not password:
            return Withheld(
                f"no password is stored for the account {account.name}. "
                f"Sign in yourself with optout login {account.name}, or store it with "
                f"optout accounts add {account.name} --replace"
            )
        return Grant(account.username, password, account, self.secrets)


class AccountBook:
    """The accounts of one person, in one file; every change is whole or not at all."""

    def __init__(self, places: Places, secrets: Secrets) -> None:
        self._places = places
        self._secrets = secrets

    def list(self) -> tuple[Account, ...]:
        """Every account, by name. Raises `UsageError` where the file is broken or from a newer version."""
        path = self._places.accounts_file
        try:
            with open_private(path, "rb") as handle:
                content = handle.read()
        except FileNotFoundError:
            return ()
        return tuple(sorted(_parse(content, path), key=lambda account: account.name.lower()))

    def get(self, name: str) -> Account:
        """The account of that name; `UsageError` with the nearest name and the list when there is none."""
        accounts = self.list()
        for account in accounts:
            if account.name == name:
                return account
        raise UsageError(_unknown(name, accounts))

    def pick(self, names: Sequence[str], *, all_: bool) -> tuple[Account, ...]:
        """The accounts of a command: the named ones, all, or the only one.

        Raises `UsageError` when none is set up, one is unknown, or there are several and none was named.
        """
        if names and all_:
            raise UsageError("Give account names or --all, not both.")
        if names:
            return tuple(self.get(name) for name in dict.fromkeys(names))
        accounts = self.list()
        if not accounts:
            raise UsageError(f"No account is set up yet. Add one: {ADD_COMMAND} (or try optout run --practice)")
        if len(accounts) > 1 and not all_:
            raise UsageError(f"Which account? Name one or more, or use --all. There are: {_names(accounts)}")
        return accounts

    def add(
        self, account: Account, password: Secret, totp: Secret | None = None, *, is_replacing: bool = False
    ) -> Account:
        """Keeps the account and its secrets; gives the account as it is kept.

        Raises `UsageError` for a name that is taken (unless replacing) or not allowed, and for an empty password.
        """
        check_name(account.name)
        _check_username(account.username)
        if not password:
            raise UsageError("The password is empty: nothing was stored.")
        totp = check_totp(totp) if totp else None
        account = replace(account, has_totp=totp is not None)
        with self._changing():
            others = self.list()
            taken = next((other for other in others if other.name.lower() == account.name.lower()), None)
            if taken and (not is_replacing or taken.name != account.name):
                raise UsageError(
                    f"There is already an account {taken.name} ({taken.username}). "
                    "Take another name, or repeat the command with that name and --replace"
                )
            # First the secrets: an account without its password would be found out only in the middle of a run.
            self._secrets.store(account.name, account.origin, password, totp)
            if taken and not is_same_origin(taken.origin, account.origin):
                self._secrets.delete(taken.name, taken.origin)
            self._write([other for other in others if other is not taken] + [account])
        return account

    def remove(self, name: str) -> tuple[Account, str | None]:
        """Takes the account out, with its secrets; the second value says why its secrets could not be reached.

        Raises `UsageError` when there is no such account.
        """
        with self._changing():
            account = self.get(name)
            trouble = None
            try:
                self._secrets.delete(account.name, account.origin)
            except UsageError as error:
                trouble = str(error)
            self._write([other for other in self.list() if other.name != name])
        return account, trouble

    def _write(self, accounts: Sequence[Account]) -> None:
        ordered = sorted(accounts, key=lambda account: account.name.lower())
        document = {"format": FORMAT, "accounts": [account.as_json() for account in ordered]}
        write_private(self._places.accounts_file, json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._places.prepare()
        lock = FileLock(private_folder(self._places.locks) / "accounts.lock", timeout=LOCK_SECONDS, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(
                f"Another optout is changing the accounts (waited {LOCK_SECONDS} s). Try again when it has ended."
            ) from None
        try:
            yield
        finally:
            lock.release()


def lock_of(places: Places, account: str, origin: str) -> FileLock:
    """The lock of an account on one origin, not yet taken; what one thread took, another may free."""
    return lock_of_profile(places, places.profile(account, origin))


def lock_of_profile(places: Places, profile: Path) -> FileLock:
    """The lock of the account and origin whose browser profile that is, not yet taken."""
    return FileLock(private_folder(places.locks) / f"{profile.name}.lock", mode=0o600, thread_local=False)


def check_name(name: str) -> str:
    """The name, if it may be an account's; `UsageError` otherwise."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{_shown(name)} cannot be an account's name: letters, digits, '.', '_', '-' and '@', "
            "a letter or digit first, at most 64. Choose a short one, such as: me"
        )
    return name


def _objection_to(account: Account, service_origin: str, effective_origin: str) -> str | None:
    """Why an account's secrets are kept from a service at these origins; None where they are for it."""
    is_of_this_machine = is_loopback(account.origin) and is_same_origin(account.origin, effective_origin)
    if not is_same_origin(account.origin, service_origin) and not is_of_this_machine:
        return (
            f"the account {account.name} belongs to {account.origin}, but the selectors name {service_origin}: "
            "its password stays where it is. Add an account for that origin with "
            f"optout accounts add NAME --service {account.service} --selectors FILE"
        )
    if not is_same_origin(account.origin, effective_origin) and not is_loopback(effective_origin):
        return (
            f"the account {account.name} belongs to {account.origin}, not to {effective_origin}: "
            "its password stays where it is"
        )
    return None


def new_account(name: str, service: str, username: str, origin: str) -> Account:
    """An account added now; `add` says whether it has an authenticator secret."""
    return Account(name, service, username, origin, has_totp=False, added=now())


def _check_username(username: str) -> None:
    if not username.strip() or len(username) > LONGEST_USERNAME or not username.isprintable():
        raise UsageError(f"{_shown(username)} cannot be a user name: expected the e-mail or name typed at the sign-in.")


def _parse(content: bytes, path: Path) -> Iterator[Account]:
    remedy = f"Move it away (mv '{path}' '{path}.broken') and add the accounts again: {ADD_COMMAND} --replace"
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The accounts file {path} is damaged: {_first_line(error)}. {remedy}") from None
    if not isinstance(document, dict):
        raise UsageError(f"The accounts file {path} is damaged: expected an object at its top. {remedy}")
    number = document.get("format")
    if isinstance(number, int) and number > FORMAT:
        raise UsageError(f"The accounts file {path} is from a newer version. Update: pipx upgrade optout")
    rows = document.get("accounts")
    if number != FORMAT or isinstance(number, bool) or not isinstance(rows, list):
        raise UsageError(f"The accounts file {path} is damaged: expected format {FORMAT} and a list. {remedy}")
    seen: set[str] = set()
    for place, row in enumerate(rows, start=1):
        try:
            account = _parse_row(row)
            if account.name.lower() in seen:
                raise ValueError(f"the name {account.name} stands there twice")
        except (ValueError, UsageError) as error:
            raise UsageError(f"The accounts file {path} is damaged: account {place}: {error}. {remedy}") from None
        seen.add(account.name.lower())
        yield account


def _parse_row(row: object) -> Account:
    expected = {field.name for field in fields(Account)}
    if not isinstance(row, dict) or set(row) != expected:
        raise ValueError(f"expected the keys {', '.join(sorted(expected))}")
    if not isinstance(row["has_totp"], bool):
        raise ValueError("has_totp: expected true or false")
    for key in ("name", "service", "username", "origin", "added"):
        if not isinstance(row[key], str) or not row[key]:
            raise ValueError(f"{key}: expected a text")
    if not NAME.fullmatch(row["name"]):
        raise ValueError("name: not one that optout gives")
    _check_username(row["username"])
    origin_parts(row["origin"])
    return Account(row["name"], row["service"], row["username"], row["origin"], row["has_totp"], _moment(row["added"]))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("added: expected a time such as 2026-11-23T12:00:00Z") from None


def _unknown(name: str, accounts: Sequence[Account]) -> str:
    if not accounts:
        return f"There is no account {_shown(name)}; none is set up yet. Add it: {ADD_COMMAND}"
    near = difflib.get_close_matches(name.lower(), [account.name.lower() for account in accounts], n=1)
    guess = next((account.name for account in accounts if near and account.name.lower() == near[0]), None)
    hint = f" Did you mean {guess}?" if guess else ""
    return f"There is no account {_shown(name)}.{hint} There are: {_names(accounts)}"


def _names(accounts: Sequence[Account]) -> str:
    return ", ".join(account.name for account in accounts)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:80] + "…")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
