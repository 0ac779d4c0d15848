"""`optout history` and `optout report`: past runs, and the page of one."""

from __future__ import annotations

import json as json_text
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optout.cli import options
from optout.cli.kept import kept
from optout.errors import OptoutError, UsageError

if TYPE_CHECKING:
    from optout.catalogue.models import Catalogue
    from optout.history import History, RunRow
    from optout.places import Places

NO_RUNS = "No run is recorded yet. Begin with: optout run --dry-run"


def history(
    account: Annotated[str | None, typer.Argument(metavar="ACCOUNT", help="Only runs that covered it")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many runs, the newest first")] = 20,
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON document")] = False,
) -> None:
    """Show past runs: when, which accounts, what was turned off.

    Examples:

      optout history

      optout history me --limit 5

      optout history --json
    """
    from optout.history import History

    file = kept().history_file
    # Looking makes nothing: without a file there are no runs.
    if not file.exists():
        rows: list[dict[str, Any]] = []
    else:
        with History.open(file) as opened:
            rows = [_run_as_json(opened, row) for row in opened.runs(limit, account)]
    if is_json:
        sys.stdout.write(json_text.dumps({"schema": 1, "command": "history", "runs": rows}, indent=1) + "\n")
    elif not rows:
        typer.echo(f"No run covered {account}. All runs: optout history" if account else NO_RUNS)
    else:
        _print_table(rows)


def report(
    run: Annotated[int | None, typer.Option("--run", metavar="N", help="Of that run; the last one if left out")] = None,
    is_path: Annotated[bool, typer.Option("--path", help="Print the page's path; open nothing")] = False,
    write: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write the page anew into a folder")] = None,
    verify: Annotated[Path | None, typer.Option(metavar="FILE", help="Say whether a page was changed later")] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; open nothing")] = False,
    region: options.Region = None,
) -> None:
    """Open the report page of the last run in the browser.

    Examples:

      optout report

      optout report --run 12 --path

      optout report --write ~/proofs --region eu

      optout report --verify optout-20261123T120000Z-run-12.html
    """
    if verify is not None:
        if run is not None or write is not None or is_path:
            raise UsageError("--verify looks at one file: leave out --run, --path and --write.")
        _verify(verify, is_json=is_json)
        return
    from optout.history import History

    places = kept()
    if not places.history_file.exists():
        raise UsageError(NO_RUNS)
    with History.open(places.history_file) as opened:
        row = _chosen_run(opened, run)
        page = _page(opened, row, places, write, region)
        if is_json:
            document = {
                "schema": 1,
                "command": "report",
                "run": row.run_id,
                "path": str(page),
                "digest": opened.digest(row.run_id),
                "result": opened.run(row.run_id).as_json(),
            }
            sys.stdout.write(json_text.dumps(document, indent=1) + "\n")
            return
    if is_path:
        typer.echo(page)
        return
    _open(page)


def _verify(file: Path, *, is_json: bool) -> None:
    from optout.history import History
    from optout.report.seal import verify_report

    records = kept().history_file
    if records.exists():
        with History.open(records) as opened:
            found = verify_report(file, opened)
    else:
        found = verify_report(file)
    if is_json:
        document = {
            "schema": 1,
            "command": "report",
            "unchanged": found.is_unchanged,
            "explanation": found.explanation,
            "run": found.run_id,
            "digest": found.digest,
        }
        sys.stdout.write(json_text.dumps(document, indent=1) + "\n")
    else:
        typer.echo(found.explanation)
    if not found.is_unchanged:
        raise typer.Exit(1)


def _chosen_run(opened: History, run: int | None) -> RunRow:
    if run is None:
        last = opened.runs(1)
        if not last:
            raise UsageError(NO_RUNS)
        return last[0]
    row = opened.run_row(run)
    if row is None:
        raise UsageError(f"There is no run {run}. The runs there are: optout history")
    return row


def _page(opened: History, row: RunRow, places: Places, write: Path | None, region: str | None) -> Path:
    from optout.regions import notes_of, region_named
    from optout.report.closing import Titles
    from optout.report.html import ReportContext, find_report, write_report

    where = region_named(region) if region else None
    found = None if write else find_report(places.reports, row.run_id)
    if found:
        return found
    result, catalogue = opened.run(row.run_id), _catalogue(places)
    titles = Titles.of(catalogue) if catalogue else Titles()
    notes = {one.account: notes_of(catalogue, where, one) for one in result.accounts} if catalogue else {}
    context = ReportContext.of(opened, row.run_id, titles, notes=notes)
    return write_report(write or places.reports, result, context).absolute()


def _catalogue(places: Places) -> Catalogue | None:
    from optout.catalogue.loading import load_catalogue

    try:
        return load_catalogue(places.config_home)
    except OptoutError:
        # A broken overlay must not keep anybody from the proof of a past run: the ids stand for the titles.
        return None


def _open(page: Path) -> None:
    import webbrowser

    if webbrowser.open(page.as_uri()):
        typer.echo(f"Opened {page}")
    else:
        typer.echo(f"No browser could be opened here. The report is at {page}")


def _run_as_json(opened: History, row: RunRow) -> dict[str, Any]:
    from optout.outcomes import iso

    result = opened.run(row.run_id)
    return {
        "run": row.run_id,
        "command": row.command,
        "dry_run": row.dry_run,
        "started": iso(row.started),
        "finished": iso(row.finished) if row.finished else None,
        "seconds": round(row.seconds, 1) if row.seconds is not None else None,
        "exit_code": int(result.exit_code) if row.finished else None,
        "program": row.program_version,
        "catalogue": row.catalogue_version,
        "accounts": [
            {
                "account": account.account,
                "origin": row.origins.get(account.account),
                "status": row.statuses.get(account.account),
                "outcomes": _counts([item.outcome for item in account.settings]),
                "changed": [item.id for item in account.settings if item.outcome in ("turned-off", "restored")],
            }
            for account in result.accounts
        ],
    }


def _counts(outcomes: list[Any]) -> dict[str, int]:
    return {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))}


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    from optout.report.terminal import console_for
    from optout.report.words import as_line, outcome_name

    console = console_for(sys.stdout, os.environ)
    table = Table(box=SIMPLE, pad_edge=False, show_edge=False)
    table.add_column("Run", justify="right")
    table.add_column("When", min_width=16, overflow="fold")
    table.add_column("Command", overflow="fold")
    table.add_column("What came of it", ratio=1, overflow="fold")
    for row in rows:
        lines = []
        for account in row["accounts"]:
            counted = ", ".join(f"{number} {outcome_name(name)}" for name, number in account["outcomes"].items())
            status = account["status"] or "ended before its time"
            shown = counted if status == "done" else f"{status}{f': {counted}' if counted else ''}"
            lines.append(as_line(f"{account['account']}: {shown or 'nothing read'}"))
        command = row["command"] + (" --dry-run" if row["dry_run"] else "")
        table.add_row(str(row["run"]), _local(row["started"]), command, Text("\n".join(lines)))
    console.print(table)


def _local(moment: str) -> str:
    from optout.history_rows import moment as parsed

    return f"{parsed(moment).astimezone():%Y-%m-%d %H:%M}"
