"""`optout rights`: the objection letter for what no setting covers."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optout.cli.kept import kept
from optout.errors import UsageError

if TYPE_CHECKING:
    from optout.accounts import Account
    from optout.catalogue.models import Catalogue, Service
    from optout.places import Places
    from optout.rights import Letter, ProvedSetting


class LetterFormat(StrEnum):
    """How the letter is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    EML = "eml"


def rights(
    account: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Whose letter; the only account if left out")
    ] = None,
    region: Annotated[
        str, typer.Option(help="Where you live: eu, uk, ch, us-ca, us, ca, hk, other, or a country's two letters")
    ] = "",
    language: Annotated[str, typer.Option(help="en, de, fr, es or it; yours if left out")] = "",
    letter_format: Annotated[
        LetterFormat, typer.Option("--format", help="eml is a draft that your mail program opens")
    ] = LetterFormat.TEXT,
    name: Annotated[str | None, typer.Option(help="Your name, as it stands under the letter")] = None,
    email: Annotated[str | None, typer.Option(help="The account's e-mail address; the stored one if left out")] = None,
    service: Annotated[str | None, typer.Option(help="The service, where no account is set up")] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the letter to a new file")] = None,
    is_opening: Annotated[bool, typer.Option("--open", help="Open the service's form in your browser")] = False,
    selectors: Annotated[
        Path | None, typer.Option("--selectors", metavar="FILE", help="Another selectors file")
    ] = None,
) -> None:
    """Write the objection to what no setting covers. Nothing is sent; it is no legal advice.

    Examples:

      optout rights --region de --language de --name "Ada Lovelace"

      optout rights me --region us-ca --format markdown

      optout rights me --region uk --format eml --output objection.eml --open
    """
    from optout.catalogue.loading import load_catalogue
    from optout.outcomes import now
    from optout.regions import region_named
    from optout.rights import Person, write_letter

    places = kept()
    where = region_named(region)
    catalogue = load_catalogue(home=places.config_home, path=selectors)
    person = _account(places, account)
    site = _service(catalogue, person, service)
    tongue = (language or language_of(os.environ)).lower()
    letter = write_letter(
        site,
        where,
        tongue,
        Person(name, email or _email_of(person)),
        _proved(places, person, site, tongue),
        now().astimezone().date(),
    )
    _deliver(letter, letter_format, output)
    if is_opening:
        _open_form(letter)


def language_of(environ: Mapping[str, str]) -> str:
    """The person's language by the locale variables, where letters are written in it; else English."""
    from optout.rights import LANGUAGES

    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(variable):
            language = environ[variable][:2].lower()
            return language if language in LANGUAGES else "en"
    return "en"


def _account(places: Places, name: str | None) -> Account | None:
    from optout.accounts import AccountBook
    from optout.keyrings import open_secrets, terminal_ask

    book = AccountBook(places, open_secrets(places, os.environ, terminal_ask()))
    if name is None and not book.list():
        return None
    return book.pick([name] if name else [], all_=False)[0]


def _service(catalogue: Catalogue, account: Account | None, service_id: str | None) -> Service:
    if account is not None and service_id in (None, account.service):
        service_id = account.service
    elif account is not None:
        raise UsageError(f"{account.name} is an account of {account.service}, not of {service_id}: leave out --service")
    with_objection = [service for service in catalogue.services if service.objection]
    if service_id is None and len(with_objection) == 1:
        return with_objection[0]
    known = ", ".join(service.id for service in with_objection) or "none"
    if service_id is None:
        raise UsageError(f"Which service? Add --service with one of those that name a place to object: {known}")
    try:
        return catalogue.service(service_id)
    except KeyError:
        raise UsageError(f"There is no service {service_id!r} in the selectors. There are: {known}") from None


def _email_of(account: Account | None) -> str | None:
    return account.username if account is not None and "@" in account.username else None


def _proved(places: Places, account: Account | None, service: Service, language: str) -> tuple[ProvedSetting, ...]:
    from optout.history import History
    from optout.rights import ProvedSetting

    if account is None or not places.history_file.exists():
        return ()
    with History.open(places.history_file) as history:
        verified = history.last_verified(account.name, account.origin)
    return tuple(
        ProvedSetting(setting.labels.get(language, (setting.title,))[0], seen.state, seen.at)
        for setting in service.settings
        if (seen := verified.get(setting.id)) is not None and seen.command != "check"  # which may know only an index
    )


def _deliver(letter: Letter, letter_format: LetterFormat, output: Path | None) -> None:
    from optout.rights import FORMATS, as_draft

    is_draft = letter_format is LetterFormat.EML
    content = as_draft(letter) if is_draft else FORMATS[letter_format](letter).encode()
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_new_file(output, content)
        typer.echo(f"Written to {output}. Nothing has been sent.", err=True)
    if is_draft:
        for note in letter.notes:
            typer.echo(note, err=True)


def write_new_file(path: Path, content: bytes) -> None:
    """A new file, 0600 because it names a person; `UsageError` where there is one already or none can be made."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} exists already and was left as it is. Name another file: --output FILE") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}). Name another file: --output FILE") from error
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)


def _open_form(letter: Letter) -> None:
    import webbrowser

    if webbrowser.open(letter.form):
        typer.echo(f"Opened {letter.form} in your browser: paste the letter there.", err=True)
    else:
        typer.echo(f"No browser could be opened. The form is at {letter.form}", err=True)
