"""`optout practice`: serve the practice site, to look at and to try on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from optout.errors import UsageError

if TYPE_CHECKING:
    from optout.practice.site import PracticeSite


def practice(
    scenario: Annotated[str, typer.Option(metavar="NAME", help="What goes wrong; see --list")] = "plain",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one")] = 0,
    latency_ms: Annotated[
        int, typer.Option("--latency-ms", min=0, max=60_000, help="How long a page takes; its data and saves take less")
    ] = 0,
    language: Annotated[str, typer.Option(help="Language of the pages: en, de, fr, es, it, pt or sv")] = "en",
    generation: Annotated[str, typer.Option(help="Generation of the pages: 2026, 2023, 2020 or mixed")] = "2026",
    is_listing: Annotated[bool, typer.Option("--list", help="List the scenarios and stop")] = False,
) -> None:
    """Serve the practice site until Ctrl-C: everything on it is made up.

    Examples:

      optout practice

      optout practice --scenario cookie-banner --latency-ms 300

      optout practice --list
    """
    from optout.practice.scenarios import SCENARIOS

    if is_listing:
        width = max(len(each.name) for each in SCENARIOS)
        for each in SCENARIOS:
            typer.echo(f"{each.name:<{width}}  {each.description}")
        return
    with _site(scenario, port, latency_ms, language, generation) as site:
        _introduce(site)
        _wait_for_interrupt()
    typer.echo("The practice site is closed.", err=True)


def _site(scenario: str, port: int, latency_ms: int, language: str, generation: str) -> PracticeSite:
    try:
        from optout.practice.site import Latency, PracticeSite
    except ImportError as error:
        raise UsageError(
            f"The practice site needs the package {error.name}, which is not installed. "
            'Install it: pip install "optout[practice]"'
        ) from error

    seconds = latency_ms / 1000
    latency = Latency(page_seconds=seconds, data_seconds=seconds / 2, save_seconds=seconds)
    return PracticeSite(scenario, latency, port=port, generation=generation, language=language)


def _introduce(site: PracticeSite) -> None:
    account = site.accounts[0]
    lines = [
        f"Practice site: {site.origin}   (scenario {site.scenario.name}: {site.scenario.description})",
        f"Account:       {account.username}",
        f"Password:      {account.password}",
    ]
    if site.sign_in_kind(account) == "totp":
        lines.append(f"Authenticator: {site.totp_secret(account)}")
    lines += [
        "",
        "To run against it, in another terminal (the first asks for the password):",
        f"  optout accounts add practice --username {account.username} --origin {site.origin}",
        "  optout run practice",
        "Or, site, account and run all in one: optout run --practice",
        "Ctrl-C ends it.",
    ]
    typer.echo("\n".join(lines))


def _wait_for_interrupt() -> None:
    waiting = threading.Event()
    try:
        # A wait without a limit cannot be interrupted on Windows.
        while not waiting.wait(1.0):
            pass
    except KeyboardInterrupt:
        typer.echo("", err=True)
