"""`optout selectors check` and `optout selectors record`: are the selectors still right, and a new version."""

from __future__ import annotations

import json as json_format
import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from optout.cli import options
from optout.cli.errand import Request
from optout.cli.settings_commands import selectors_app
from optout.errors import UsageError

__all__ = ["selectors_app"]

if TYPE_CHECKING:
    from optout.catalogue.models import Catalogue
    from optout.fleet import FleetResult
    from optout.outcomes import AccountResult
    from optout.recorder import Proposal
    from optout.upkeep import Upkeep


@selectors_app.command()
def check(
    account: Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="The account")] = None,
    only: options.Only = None,
    skip: options.Skip = None,
    json: options.Json = False,
    headed: options.Headed = None,
    browser: options.Browser = None,
    grid: options.Grid = None,
    selectors: options.Selectors = None,
    origin: options.Origin = None,
    practice: options.Practice = False,
    scenario: options.Scenario = "plain",
    pace: options.Pace = None,
    quiet: options.Quiet = False,
) -> None:
    """Visit the pages, click nothing, and say which selectors are still right.

    \b
    optout selectors check
    optout selectors check me --only ads-age
    """
    from optout.cli.errand import carry_out

    request = Request(
        "selectors check", (account,) if account else (), False, True, tuple(only or ()), tuple(skip or ()), json,
        None, bool(headed), browser, grid, 1, selectors, origin, practice, scenario, pace, quiet, False,
    )  # fmt: skip
    raise typer.Exit(carry_out(request, show=_show_check))


@selectors_app.command()
def record(
    setting: Annotated[str, typer.Argument(metavar="SETTING", help="A setting's id")],
    account: Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="The account")] = None,
    click: Annotated[
        bool, typer.Option("--click", help="Show the switch yourself, by a click in a visible browser")
    ] = False,
    inverted: Annotated[bool, typer.Option("--inverted", help="Declare that checked means opted out")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking")] = False,
    headed: options.Headed = None,
    browser: options.Browser = None,
    selectors: options.Selectors = None,
    origin: options.Origin = None,
    practice: options.Practice = False,
    scenario: options.Scenario = "plain",
    pace: options.Pace = None,
) -> None:
    """Open a setting's page and keep how its control is found today, as a version of your own.

    \b
    optout selectors record ads-age
    optout selectors record ads-age --click
    """
    from optout.cli.errand import carry_out
    from optout.recorder import RecordRun, Wish

    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    request = Request(
        "selectors record", (account,) if account else (), False, True, (setting,), (), False, None,
        click or (has_display if headed is None else headed), browser, None, 1, selectors, origin, practice, scenario,
        pace, True, False,
    )  # fmt: skip
    _check_setting(setting, request)
    written: list[Proposal] = []

    def offer(proposal: Proposal) -> None:
        if _wants(proposal, yes=yes):
            _write(proposal, _service_of(proposal, request))
            written.append(proposal)

    def show(request: Request, done: FleetResult, catalogue: Catalogue) -> int:
        del request, catalogue
        return _show_recorded(done.result.accounts[0], written)

    wish = Wish(by_click=click, inverted=inverted)
    raise typer.Exit(carry_out(request, show=show, make=lambda task, means: RecordRun(task, means, wish, offer, _say)))


def _check_setting(setting_id: str, request: Request) -> None:
    """A group is no setting: one control is recorded at a time."""
    known = [one.id for service in _catalogue(request).services for one in service.settings]
    if setting_id not in known:
        from optout.catalogue.checks import near

        raise UsageError(f"There is no setting {setting_id!r}{near(setting_id, known)}. See: optout settings")


def _service_of(proposal: Proposal, request: Request) -> str:
    """The id of the service that has the proposal's setting."""
    services = _catalogue(request).services
    return next(one.id for one in services if any(item.id == proposal.setting.id for item in one.settings))


def _catalogue(request: Request) -> Catalogue:
    from optout.catalogue.loading import load_catalogue
    from optout.places import Places

    return load_catalogue(Places.from_environment(os.environ).config_home, request.selectors)


def _wants(proposal: Proposal, *, yes: bool) -> bool:
    from optout.recorder import describe_version

    version = proposal.version
    _say(f"{proposal.setting.title} on {proposal.url}")
    _say(f"  control    '{proposal.label}', found by {proposal.found_by}")
    _say(f"  version    {version.id}, seen today, evidence local: {describe_version(version)}")
    if proposal.path:
        _say(f"  its page   {proposal.path.path}")
    if yes:
        return True
    if not sys.stdin.isatty():
        _say("Nothing was written: there is no terminal to ask on. Write it with --yes")
        return False
    return typer.confirm("Keep it in your own versions?", err=True)


def _write(proposal: Proposal, service_id: str) -> None:
    from optout.catalogue.overlay import write_version
    from optout.places import Places

    home = Places.from_environment(os.environ).config_home
    path = write_version(home, service_id, proposal.setting.id, proposal.version)
    if proposal.path:
        write_version(home, service_id, proposal.setting.id, proposal.path)
    typer.echo(f"Written to {path}. Contribute it with: optout selectors export")


def _show_recorded(account: AccountResult, written: list[Proposal]) -> int:
    from optout.outcomes import Outcome, Status

    if written:
        return 0
    if account.status is Status.NEEDS_HUMAN:
        _say(account.reason or "")
        return 3
    for one in account.settings:
        if one.outcome is not Outcome.NOT_REACHED or account.reason:
            _say(account.reason or one.reason or "")
    return 1


def _show_check(request: Request, done: FleetResult, catalogue: Catalogue) -> int:
    """Print what became of each account's selectors; 0 if all were proved by a version of the catalogue."""
    from optout.outcomes import SCHEMA, Status
    from optout.upkeep import upkeep_of_account

    accounts = done.result.accounts
    looked = [(one, upkeep_of_account(catalogue.service(one.service), one)) for one in accounts]
    is_right = all(one.status is Status.DONE and all(each.is_right for each in found) for one, found in looked)
    code = 3 if any(one.status is Status.NEEDS_HUMAN for one in accounts) else 0 if is_right else 1
    if request.json:
        document = {
            "schema": SCHEMA,
            "command": request.command,
            "exit_code": code,
            "accounts": [
                {
                    "account": one.account,
                    "service": one.service,
                    "status": one.status,
                    "reason": one.reason,
                    "settings": [each.as_json() for each in found],
                }
                for one, found in looked
            ],
        }
        typer.echo(json_format.dumps(document, indent=2, ensure_ascii=False))
        return code
    for one, found in looked:
        _print_check(one, found)
    return code


def _print_check(account: AccountResult, found: tuple[Upkeep, ...]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from optout.report.words import settings_counted

    table = Table(title=escape(f"{account.account} ({account.service})"), title_justify="left", box=SIMPLE_HEAD)
    for name in ("Setting", "Selectors", "Version", "Witnesses"):
        table.add_column(name, overflow="fold")
    for one in found:
        score = f" ({one.result.score:.2f})" if one.result.score is not None else ""
        witnesses = ", ".join(one.result.witnesses)
        table.add_row(one.result.id, one.fit, f"{one.result.selector or '-'}{score}", escape(witnesses))
    console = Console()
    console.print(table)
    for one in found:
        if one.needs:
            console.print(escape(f"{one.result.id}: {one.needs}"), soft_wrap=True)
    if account.reason:
        console.print(escape(account.reason), soft_wrap=True)
    right = sum(one.is_right for one in found)
    counted = f"{right} of {settings_counted(len(found))} {'is' if right == 1 else 'are'}"
    console.print(f"{counted} found by a version of the catalogue. Nothing was clicked.")


def _say(text: str) -> None:
    typer.echo(text, err=True)
