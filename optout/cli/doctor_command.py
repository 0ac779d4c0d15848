"""`optout doctor`: is everything here that a run needs, and if not, the command that fixes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from optout.cli import options

if TYPE_CHECKING:
    from rich.text import Text

    from optout.doctor import Finding

STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}


def doctor(
    browser: options.Browser = None,
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output")] = False,
) -> None:
    """Look whether everything is here that a run needs, and how to fix what is not.

    Each fault comes with one command. Ends with 2 when something keeps a run from working, else with 0.

    Examples:

      optout doctor

      optout doctor --browser firefox

      optout doctor --json
    """
    from optout.doctor import Level, Surroundings, examine
    from optout.outcomes import ExitCode

    findings = examine(Surroundings.this(os.environ), browser)
    has_error = any(finding.level is Level.ERROR for finding in findings)
    code = ExitCode.USAGE if has_error else ExitCode.ALL_OFF
    if is_json:
        import json

        document = {
            "schema": 1,
            "command": "doctor",
            "exit_code": int(code),
            "findings": [finding.as_json() for finding in findings],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(findings)
    raise typer.Exit(code)


def _print(findings: tuple[Finding, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row(Text(finding.level, style=STYLES[finding.level]), Text(finding.name), _told(finding))
    console = Console()
    console.print(table)
    worst = {finding.level for finding in findings}
    if "error" in worst:
        console.print("Something keeps a run from working: see the errors above.", style=STYLES["error"])
    elif "warning" in worst:
        console.print("A run will work; see the warnings above.")
    else:
        console.print("Everything is ready.")


def _told(finding: Finding) -> Text:
    from rich.text import Text

    told = Text(finding.text)
    if finding.remedy:
        told.append(f"\nfix: {finding.remedy}", style="bold")
    return told
