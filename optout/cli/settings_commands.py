"""`optout settings` and `optout selectors show/export/path`: what the catalogue holds."""

from __future__ import annotations

import json as json_format
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optout.cli.kept import kept
from optout.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from optout.catalogue.models import Catalogue, Group, Service, Setting

selectors_app = typer.Typer(
    no_args_is_help=True, help="The selectors: what is known of each setting's page and control, and how surely."
)

ServiceOption = Annotated[str | None, typer.Option("--service", metavar="ID", help="only this service")]
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON document on standard output")]
SelectorsOption = Annotated[
    Path | None, typer.Option("--selectors", metavar="FILE", help="this catalogue instead of the packaged one")
]
SettingArgument = Annotated[str | None, typer.Argument(metavar="SETTING", help="a setting's id")]


def settings(service: ServiceOption = None, json: JsonOption = False, selectors: SelectorsOption = None) -> None:
    """Show what is covered, per service and group.

    Examples:

      optout settings

      optout settings --json
    """
    services = _services(_catalogue(selectors), service)
    if json:
        _print_json("settings", [_service_as_json(one) for one in services])
        return
    for one in services:
        _print_table(_settings_table(one))


@selectors_app.command()
def show(
    setting: SettingArgument = None,
    service: ServiceOption = None,
    json: JsonOption = False,
    selectors: SelectorsOption = None,
) -> None:
    """Show the versions of each setting's page and control, newest first, with evidence and age.

    Examples:

      optout selectors show

      optout selectors show ads-age
    """
    services = _services(_catalogue(selectors), service)
    found = [(one, item) for one in services for item in one.settings if setting in (None, item.id)]
    if not found:
        raise UsageError(_unknown_setting(setting or "", services))
    if json:
        _print_json("selectors show", [_versions_as_json(one, item) for one, item in found])
        return
    for one, item in found:
        _print_table(_versions_table(one, item))


@selectors_app.command()
def export() -> None:
    """Print your own versions as a patch of selectors.yaml, ready to contribute.

    Examples:

      optout selectors export > my-selectors.patch
    """
    from optout.catalogue.overlay import overlay_as_patch

    typer.echo(overlay_as_patch(_home()), nl=False)


@selectors_app.command()
def path() -> None:
    """Print where the catalogue and your own versions are kept.

    Examples:

      optout selectors path
    """
    from optout.catalogue.loading import overlay_path, packaged_path

    own = overlay_path(_home())
    typer.echo(f"catalogue     {packaged_path()}")
    typer.echo(f"your versions {own}{'' if own.exists() else '  (not there yet)'}")


def _home() -> Path:
    return kept().config_home


def _catalogue(selectors: Path | None) -> Catalogue:
    from optout.catalogue.loading import load_catalogue

    return load_catalogue(_home(), selectors)


def _services(catalogue: Catalogue, service_id: str | None) -> list[Service]:
    from optout.catalogue.checks import near

    found = [service for service in catalogue.services if service_id in (None, service.id)]
    if not found:
        known = [service.id for service in catalogue.services]
        hint = near(service_id or "", known)
        raise UsageError(f"There is no service {service_id!r}{hint}. There are: {', '.join(known)}")
    return found


def _unknown_setting(setting_id: str, services: list[Service]) -> str:
    from optout.catalogue.checks import near

    known = [setting.id for service in services for setting in service.settings]
    return f"There is no setting {setting_id!r}{near(setting_id, known)}. See them all with: optout settings"


def _print_json(command: str, content: list[dict[str, Any]]) -> None:
    key = "services" if command == "settings" else "settings"
    from optout.outcomes import SCHEMA

    document = {"schema": SCHEMA, "command": command, key: content}
    typer.echo(json_format.dumps(document, indent=2, ensure_ascii=False))


def _print_table(table: Table) -> None:
    from rich.console import Console

    Console().print(table)


def _members(service: Service, group: Group) -> list[Setting]:
    return [setting for setting in service.settings if setting.group == group.id]


def _service_as_json(service: Service) -> dict[str, Any]:
    return {
        "id": service.id,
        "title": service.title,
        "origin": service.origin,
        "groups": [
            {
                "id": group.id,
                "title": group.title,
                "default": group.default,
                "summary": group.summary,
                "settings": [_setting_as_json(setting) for setting in _members(service, group)],
            }
            for group in service.groups
        ],
    }


def _setting_as_json(setting: Setting) -> dict[str, Any]:
    newest = setting.controls[0]
    return {
        "id": setting.id,
        "title": setting.title,
        "index": setting.index,
        "selector": newest.id,
        "seen": newest.seen.isoformat(),
        "evidence": newest.evidence.value,
    }


def _settings_table(service: Service) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    title = escape(f"{service.title} ({service.origin})")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Setting", overflow="fold")
    table.add_column("Its name there", overflow="fold")
    table.add_column("Newest", no_wrap=True)
    for group in service.groups:
        asked = "" if group.default else " (by name only)"
        table.add_row(f"[bold]{group.id}[/bold]", f"[bold]{escape(group.title)}{asked}[/bold]", "")
        for setting in _members(service, group):
            newest = setting.controls[0]
            table.add_row(f"  {setting.id}", escape(setting.title), f"{newest.id} {newest.evidence.value}")
        table.add_section()
    return table


def _age(seen: date) -> int:
    """Whole days since then; a day ahead of this machine's clock counts as today."""
    from optout.outcomes import now

    return max(0, (now().date() - seen).days)


def _versions_as_json(service: Service, setting: Setting) -> dict[str, Any]:
    def version(one: Any) -> dict[str, Any]:
        return {**one.model_dump(mode="json"), "age_days": _age(one.seen)}

    return {
        "service": service.id,
        "id": setting.id,
        "title": setting.title,
        "paths": [version(one) for one in setting.paths],
        "controls": [version(one) for one in setting.controls],
    }


def _versions_table(service: Service, setting: Setting) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    title = escape(f"{service.id} {setting.id}: {setting.title}")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column("Of")
    table.add_column("Version", no_wrap=True)
    table.add_column("Evidence")
    table.add_column("Days", justify="right")
    table.add_column("Path or CSS", overflow="fold")
    for page in setting.paths:
        table.add_row("page", page.id, page.evidence.value, str(_age(page.seen)), escape(page.path))
    if not setting.paths:
        table.add_row("page", "-", "", "", f"the row's link on the index {setting.index!r}")
    for control in setting.controls:
        about = [control.css, *([f"own name: {control.ctl}"] if control.ctl else [])]
        about += ["in the whole page"] if control.region == "page" else []
        about += ["checked means opted out"] if control.inverted else []
        days = str(_age(control.seen))
        table.add_row(control.kind.value, control.id, control.evidence.value, days, escape("\n".join(about)))
    return table
