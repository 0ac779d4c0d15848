"""`optout notices`: what changed in the watched notices."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optout.cli.kept import kept
from optout.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from optout.catalogue.models import Catalogue, Service
    from optout.notice_changes import Change
    from optout.notices import NoticeResult


def notices(
    is_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output")] = False,
    is_accepting: Annotated[
        bool, typer.Option("--accept", help="Keep the new texts, so that the changes are not shown again")
    ] = False,
    service: Annotated[str | None, typer.Option(help="Only this service's notices")] = None,
    selectors: Annotated[
        Path | None, typer.Option("--selectors", metavar="FILE", help="Another selectors file")
    ] = None,
) -> None:
    """Show what changed in the privacy notices since you last accepted their text.

    Exit code 0: nothing changed. 1: something did. 2: nothing could be fetched.

    Examples:

      optout notices

      optout notices --accept

      optout notices --json
    """
    import threading
    from importlib.metadata import version

    from optout.catalogue.loading import load_catalogue
    from optout.notices import Watch, check_notices, exit_code
    from optout.outcomes import now

    places = kept()
    watched = _services(load_catalogue(home=places.config_home, path=selectors), service)
    watch = Watch(places.notices, language_of(os.environ), version("optout"), now, threading.Event().wait, is_accepting)
    results = check_notices(watched, watch)
    code = exit_code(results)
    if is_json:
        import json

        document = {
            "schema": 1,
            "command": "notices",
            "exit_code": code,
            "accepted": is_accepting,
            "notices": [result.as_json() for result in results],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        from rich.console import Console

        show(results, Console(highlight=False), is_accepting)
    raise typer.Exit(code)


def language_of(environ: Mapping[str, str]) -> str:
    """The two letters of the person's language, by the locale variables; English where they name none."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(variable, "")
        if value:
            letters = value[:2].lower()
            is_language = letters.isascii() and letters.isalpha() and value[2:3] in ("", "_", ".", "-", "@")
            return letters if is_language else "en"
    return "en"


def show(results: tuple[NoticeResult, ...], console: Console, is_accepting: bool) -> None:
    """The results in plain words; colours only where the console has them."""
    from rich.text import Text

    from optout.notices import NoticeStatus

    for result in results:
        console.print(Text.assemble((result.title, "bold"), f"  {_said(result)}"))
        if result.status in (NoticeStatus.CHANGED, NoticeStatus.UNREAD):
            console.print(Text(f"  {result.url}", style="dim"), soft_wrap=True)
        for change in result.changes:
            _show_change(change, console)
    console.print(Text(_closing(results, is_accepting)))


def _said(result: NoticeResult) -> str:
    from optout.notices import NoticeStatus

    since = f"{result.kept_at.astimezone():%Y-%m-%d}" if result.kept_at else ""
    aside = f" ({result.reason})" if result.reason else ""
    number = f"{len(result.changes)} paragraph{'' if len(result.changes) == 1 else 's'}"
    return {
        NoticeStatus.FIRST: f"kept for the first time{aside}",
        NoticeStatus.SAME: f"unchanged since {since}",
        NoticeStatus.CHANGED: f"changed since {since}: {number}",
        NoticeStatus.UNREAD: f"not read: {ended(result.reason or '')}"
        + (f" The text of {since} stays kept." if since else ""),
    }[result.status]


def ended(sentence: str) -> str:
    """The sentence with its full stop, unless it ends by itself."""
    return sentence if sentence.endswith(("?", ".")) else f"{sentence}."


def _show_change(change: Change, console: Console) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from optout.notice_changes import Kind, Mark
    from optout.notice_words import DATE

    text = Text()
    for mark, words in change.words:
        if mark is Mark.SAME:
            text.append(words)
        elif change.kind is Kind.REWORDED:
            # The signs say it where there are no colours; the blank after a run stays outside of them.
            bare = words.rstrip()
            signed = f"[-{bare}-]" if mark is Mark.REMOVED else f"{{+{bare}+}}"
            text.append(signed, style="red" if mark is Mark.REMOVED else "green")
            text.append(words[len(bare) :] or (" " if mark is Mark.REMOVED else ""))
        else:
            text.append(words, style="red" if mark is Mark.REMOVED else "green")
    text.highlight_regex(DATE, "bold underline")
    sign = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.REWORDED: "~"}[change.kind]
    console.print()
    console.print(Padding(Text.assemble(f"{sign} {change.kind}", style="bold"), (0, 0, 0, 2)))
    console.print(Padding(text, (0, 0, 0, 4)))
    news = [f"date: {date}" for date in change.dates]
    if change.topics:
        news.append(f"newly mentions: {', '.join(change.topics)}")
    if news:
        console.print(Padding(Text("! " + " · ".join(news), style="yellow"), (0, 0, 0, 4)))


def _closing(results: tuple[NoticeResult, ...], is_accepting: bool) -> str:
    from optout.notices import NoticeStatus

    changed = sum(result.status is NoticeStatus.CHANGED for result in results)
    unread = sum(result.status is NoticeStatus.UNREAD for result in results)
    parts = [f"\n{changed} of {len(results)} notices changed."]
    if unread:
        parts.append(f"{unread} could not be read; nothing kept was lost.")
    if changed:
        parts.append(
            "The new texts are kept now."
            if is_accepting
            else "When you have read this, keep the new text:\n  optout notices --accept"
        )
    return " ".join(parts)


def _services(catalogue: Catalogue, service_id: str | None) -> tuple[Service, ...]:
    watched = tuple(service for service in catalogue.services if service.notices)
    known = ", ".join(service.id for service in watched) or "none"
    chosen = tuple(service for service in watched if service_id in (None, service.id))
    if not chosen:
        asked = "No service" if service_id is None else f"No service {service_id!r}"
        raise UsageError(f"{asked} of the selectors has notices to watch. There are: {known}")
    return chosen
