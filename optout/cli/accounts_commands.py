"""`optout accounts`: add, list and remove sign-ins."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optout.cli.kept import kept
from optout.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from optout.accounts import Account, AccountBook
    from optout.catalogue.models import Service
    from optout.encrypted_file import Ask
    from optout.places import Places
    from optout.secret import Secret

LONGEST_LINE = 8192

accounts_app = typer.Typer(
    name="accounts", help="Add, list and remove the accounts that optout signs in to.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A short name of your own for this sign-in, such as: me")]


@accounts_app.command("add")
def add(
    name: Name,
    service: Annotated[str | None, typer.Option(help="The website; the only one of the catalogue if left out")] = None,
    username: Annotated[str | None, typer.Option(help="What you type as e-mail or user name at the sign-in")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input")
    ] = False,
    totp_stdin: Annotated[
        bool, typer.Option("--totp-stdin", help="Read the authenticator secret from the second line")
    ] = False,
    is_replacing: Annotated[bool, typer.Option("--replace", help="Replace the account of that name")] = False,
    selectors: Annotated[
        Path | None, typer.Option("--selectors", metavar="FILE", help="Another selectors file, with its own origin")
    ] = None,
    origin: Annotated[
        str | None, typer.Option(metavar="URL", help="For this loopback address only, such as the practice site")
    ] = None,
) -> None:
    """Keep a sign-in: the name here, its password in the system keyring.

    Examples:

      optout accounts add me

      optout accounts add me --username me@example.com --password-stdin < password.txt

      optout accounts add work --username w@example.com --password-stdin --totp-stdin < secrets.txt
    """
    from optout.accounts import check_name, new_account
    from optout.keyrings import terminal_ask

    places, book, where = _open()
    check_name(name)
    site = _service(places, selectors, service, origin)
    if not is_replacing:
        _refuse_taken(book, name)
    password, totp, username = _asked(username, site.title, password_stdin, totp_stdin, terminal_ask())
    account = book.add(
        new_account(name, site.id, username.strip(), site.origin), password, totp, is_replacing=is_replacing
    )
    kept = "Password and authenticator secret are" if account.has_totp else "The password is"
    typer.echo(f"Added {account.name}: {account.username} at {site.title} ({account.origin}). {kept} in {where()}.")
    typer.echo(f"Next, see what is on without changing anything: optout run {account.name} --dry-run")


@accounts_app.command("list")
def list_accounts(
    is_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output")] = False,
) -> None:
    """Show the accounts that are set up. Secrets are not shown, and not read.

    Examples:

      optout accounts list

      optout accounts list --json
    """
    places, book, _ = _open()
    accounts = book.list()
    if is_json:
        import json

        rows = [{**account.as_json(), "profile_kept": bool(places.profiles_of(account.name))} for account in accounts]
        typer.echo(json.dumps({"schema": 1, "command": "accounts list", "accounts": rows}, ensure_ascii=False))
        return
    if not accounts:
        typer.echo("No account is set up yet. Add one: optout accounts add NAME", err=True)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("Account", "Service", "User name", "Authenticator", "Profile", "Added", box=None, pad_edge=False)
    for account in accounts:
        cells = (
            account.name,
            account.service,
            account.username,
            "stored" if account.has_totp else "no",
            "kept" if places.profiles_of(account.name) else "none yet",
            account.added.astimezone().strftime("%Y-%m-%d"),
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)


@accounts_app.command("remove")
def remove(
    name: Name,
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
) -> None:
    """Forget an account: its entry, its secrets and its browser profiles. Its history stays.

    Examples:

      optout accounts remove me

      optout accounts remove me --yes
    """
    import shutil

    places, book, _ = _open()
    account = book.get(name)
    profiles = places.profiles_of(name)
    if not is_sure:
        if not sys.stdin.isatty():
            raise UsageError(f"Nobody is there to be asked. To remove {name} without a question: add --yes")
        if not typer.confirm(f"Forget {name} ({account.username}), its secrets and browser profiles?", err=True):
            raise UsageError("Nothing was removed.")
    with _no_run_at_work(places, account, profiles):
        for profile in profiles:
            try:
                shutil.rmtree(profile)
            except OSError as error:
                raise UsageError(
                    f"The browser profile {profile} cannot be removed ({error.strerror}). "
                    f"Close the browser that uses it, then: optout accounts remove {name}"
                ) from error
        _, trouble = book.remove(name)
    if trouble:
        typer.echo(f"Removed {name}, but its secrets could not be deleted. {trouble}", err=True)
    else:
        typer.echo(f"Removed {name}, its secrets and {len(profiles)} browser profile(s).")


@contextmanager
def _no_run_at_work(places: Places, account: Account, profiles: Sequence[Path]) -> Iterator[None]:
    """Hold the locks of an account and its profiles; `UsageError` where a run is at work on one."""
    from filelock import Timeout

    from optout.accounts import lock_of_profile

    with ExitStack() as held:
        for profile in {places.profile(account.name, account.origin), *profiles}:
            try:
                held.enter_context(lock_of_profile(places, profile).acquire(timeout=0))
            except Timeout:
                raise UsageError(
                    f"A run is at work on {account.name}, so nothing was removed. When it has ended: "
                    f"optout accounts remove {account.name}"
                ) from None
        yield


def _open() -> tuple[Places, AccountBook, Callable[[], str]]:
    from optout.accounts import AccountBook
    from optout.keyrings import open_secrets, terminal_ask

    places = kept()
    secrets = open_secrets(places, os.environ, terminal_ask())
    return places, AccountBook(places, secrets), secrets.where


def _service(places: Places, selectors: Path | None, service_id: str | None, origin: str | None) -> Service:
    from optout.catalogue.loading import load_catalogue
    from optout.catalogue.scope import with_origin

    catalogue = load_catalogue(home=places.config_home, path=selectors)
    known = ", ".join(service.id for service in catalogue.services)
    if service_id is None and len(catalogue.services) > 1:
        raise UsageError(f"Which service? Add --service with one of: {known}")
    try:
        service = catalogue.service(service_id or catalogue.services[0].id)
    except KeyError:
        raise UsageError(f"There is no service {service_id!r} in the selectors. There are: {known}") from None
    return service if origin is None else with_origin(service, origin)


def _refuse_taken(book: AccountBook, name: str) -> None:
    # Before anything is asked: nobody should type a password only to be refused.
    if any(account.name == name for account in book.list()):
        raise UsageError(
            f"There is already an account {name}. Take another name, or replace it: "
            f"optout accounts add {name} --replace"
        )


def _asked(
    username: str | None, title: str, password_stdin: bool, totp_stdin: bool, ask: Ask | None
) -> tuple[Secret, Secret | None, str]:
    if totp_stdin and not password_stdin:
        raise UsageError("--totp-stdin reads the second line: give it together with --password-stdin.")
    if password_stdin:
        if not username:
            raise UsageError("Standard input holds the password, so the user name must be given: add --username NAME")
        password, totp = _from_stdin(totp_stdin)
        return password, totp, username
    if ask is None or not sys.stdin.isatty():
        raise UsageError(
            "No terminal is there to ask for the password. Give it on standard input: add --password-stdin"
        )
    username = username or typer.prompt(f"E-mail or user name at {title}", err=True)
    password = ask("Password (not shown): ")
    if not password:
        raise UsageError("The password is empty: nothing was stored.")
    if ask("The same again: ") != password:
        raise UsageError("The two passwords differ: nothing was stored. Repeat the command.")
    return password, ask("Authenticator secret (Enter if you have none): ") or None, username


def _from_stdin(has_totp: bool) -> tuple[Secret, Secret | None]:
    from optout.secret import Secret

    lines: list[Secret] = []
    for what in ("password", "authenticator secret")[: 2 if has_totp else 1]:
        raw = sys.stdin.buffer.readline(LONGEST_LINE + 1)
        text = raw.removesuffix(b"\n").removesuffix(b"\r")
        if not text:
            number = "second" if lines else "first"
            raise UsageError(f"The {number} line of standard input, the {what}, is empty: nothing was stored.")
        if len(text) > LONGEST_LINE:
            raise UsageError(f"The {what} on standard input is longer than {LONGEST_LINE} bytes: nothing was stored.")
        try:
            lines.append(Secret(text.decode()))
        except UnicodeDecodeError:
            # Without the cause: its text quotes the bytes.
            raise UsageError(f"The {what} on standard input is not UTF-8 text: nothing was stored.") from None
    return lines[0], lines[1] if has_totp else None
