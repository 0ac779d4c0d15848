"""A result for the terminal: a table per account, reasons in sentences, one closing sentence; or the JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from optout.outcomes import AccountResult, RunResult, SettingResult
from optout.report.closing import Titles, closing_sentence
from optout.report.words import (
    OUTCOMES,
    Tone,
    as_line,
    as_sentence,
    change_in_words,
    next_step,
    outcome_in_words,
    state_in_words,
    status_in_words,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDEST_COLUMNS = 100
NARROWEST_TABLE_COLUMNS = 60
STYLES = {Tone.GOOD: "green", Tone.CHANGED: "bold green", Tone.NEUTRAL: "dim", Tone.BAD: "bold yellow"}


def json_document(result: RunResult) -> str:
    """The one JSON document of `--json`, ending in a newline. ASCII only: it passes through any pipe."""
    return json.dumps(result.as_json(), indent=1, ensure_ascii=True) + "\n"


def console_for(stream: TextIO, environ: Mapping[str, str]) -> Console:
    """A console on `stream`: colours only on a terminal and without NO_COLOR, 80 columns where there is no terminal."""
    from rich.console import Console  # noqa: PLC0415 -- rich only where something is shown

    is_terminal = stream.isatty()
    return Console(
        file=stream,
        no_color=bool(environ.get("NO_COLOR")) or not is_terminal,
        highlight=False,
        width=None if is_terminal or environ.get("COLUMNS") else 80,
    )


def print_result(result: RunResult, titles: Titles, console: Console, report_path: Path | None = None) -> None:
    """Print what became of every setting, and why; the closing sentence is the last thing but the report's path."""
    for account in result.accounts:
        _print_account(result, account, titles, console)
    _say(console, closing_sentence(result, titles), style="bold")
    if report_path:
        console.print()
        # Never wrapped: a path is there to be copied.
        console.print(f"Report: {report_path}", markup=False, soft_wrap=True)


def _print_account(result: RunResult, account: AccountResult, titles: Titles, console: Console) -> None:
    console.print()
    _say(console, f"{account.account} ({titles.service(account.service)}) – {status_in_words(account)}", style="bold")
    if account.settings and console.width >= NARROWEST_TABLE_COLUMNS:
        console.print(_table(result, account, console))
    elif account.settings:
        for item in account.settings:
            _say(console, item.title)
            done = outcome_in_words(item, dry_run=result.dry_run)
            _say(console, f"{change_in_words(item)} – {done}", indent=2, style=STYLES[OUTCOMES[item.outcome][1]])
        console.print()
    explained = [item for item in account.settings if item.reason]
    for item in explained:
        _print_reason(console, result.command, account, item)
    changed = [item for item in account.settings if item.change]
    if changed:
        console.print()
        _say(console, "Changed since the last verified state:", style="bold")
        for item in changed:
            _say(console, f"• {item.title}: {as_sentence(item.change or '')}", indent=2)
    if account.unlisted:
        console.print()
        _say(console, "Not in the catalogue, so not touched:", style="bold")
        for row in account.unlisted:
            change = f", {row.change}" if row.change else ""
            _say(console, f"• {row.label} ({state_in_words(row.state)}{change}): {row.url}", indent=2)
    console.print()


def _table(result: RunResult, account: AccountResult, console: Console) -> Table:
    from rich.box import SIMPLE  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE, width=min(console.width, WIDEST_COLUMNS), pad_edge=False, show_edge=False)
    table.add_column("Setting", ratio=1, overflow="fold")
    table.add_column("Was → is", overflow="fold", min_width=8)
    table.add_column("What was done", overflow="fold", min_width=12)
    for item in account.settings:
        style = STYLES[OUTCOMES[item.outcome][1]]
        done = Text(outcome_in_words(item, dry_run=result.dry_run), style=style)
        table.add_row(Text(as_line(item.title)), Text(change_in_words(item)), done)
    return table


def _print_reason(console: Console, command: str, account: AccountResult, item: SettingResult) -> None:
    _say(console, f"• {item.title}: {as_sentence(item.reason or '')}")
    step = next_step(item, account.account, command)
    if step:
        _say(console, step, indent=2)


def _say(console: Console, text: str, *, style: str = "", indent: int = 0) -> None:
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console.print(Padding(Text(as_line(text), style=style), (0, 0, 0, indent), expand=False))
