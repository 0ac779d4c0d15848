"""`optout run`, `optout check` and `optout undo`."""

from __future__ import annotations

from dataclasses import replace

import typer

from optout.cli import completion, options


def run(
    accounts: options.Accounts = None,
    all_: options.All = False,
    dry_run: bool = typer.Option(False, "--dry-run", help="Click nothing: say what is on and what would change"),
    only: options.Only = None,
    skip: options.Skip = None,
    json: options.Json = False,
    report: options.Report = None,
    headed: options.Headed = None,
    browser: options.Browser = None,
    grid: options.Grid = None,
    jobs: options.Jobs = None,
    selectors: options.Selectors = None,
    origin: options.Origin = None,
    practice: options.Practice = False,
    scenario: options.Scenario = "plain",
    pace: options.Pace = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    region: options.Region = None,
) -> None:
    """Switch off what is on, re-read every setting to prove it, and report.

    Examples:

      optout run --practice

      optout run me --dry-run

      optout run me --only ai-training --report .

      optout run --all --jobs 2 --json
    """
    from optout.cli.errand import Request, carry_out

    request = Request(
        "run", tuple(accounts or ()), all_, dry_run, tuple(only or ()), tuple(skip or ()), json, report, bool(headed),
        browser, grid, jobs, selectors, origin, practice, scenario, pace, quiet, verbose,
        region=region,
    )  # fmt: skip
    raise typer.Exit(carry_out(request))


def check(
    accounts: options.Accounts = None,
    all_: options.All = False,
    only: options.Only = None,
    skip: options.Skip = None,
    json: options.Json = False,
    report: options.Report = None,
    headed: options.Headed = None,
    browser: options.Browser = None,
    grid: options.Grid = None,
    jobs: options.Jobs = None,
    selectors: options.Selectors = None,
    origin: options.Origin = None,
    practice: options.Practice = False,
    scenario: options.Scenario = "plain",
    pace: options.Pace = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    region: options.Region = None,
    notify: options.Notify = False,
) -> None:
    """Look quickly whether everything is still off, and what changed since.

    Compares with the state last proved; clicks nothing.

    Examples:

      optout check

      optout check --all --quiet --notify
    """
    from optout.cli.errand import Request, carry_out

    request = Request(
        "check", tuple(accounts or ()), all_, True, tuple(only or ()), tuple(skip or ()), json, report, bool(headed),
        browser, grid, jobs, selectors, origin, practice, scenario, pace, quiet, verbose,
    )  # fmt: skip
    raise typer.Exit(carry_out(replace(request, dry_run=False, notify=notify, region=region)))


def undo(
    account: str | None = typer.Argument(
        None, metavar="ACCOUNT", help="The account", autocompletion=completion.account_names
    ),
    only: options.Only = None,
    skip: options.Skip = None,
    json: options.Json = False,
    report: options.Report = None,
    headed: options.Headed = None,
    browser: options.Browser = None,
    grid: options.Grid = None,
    selectors: options.Selectors = None,
    origin: options.Origin = None,
    pace: options.Pace = None,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Put back what the last run changed, by the same rules.

    Examples:

      optout undo

      optout undo me --only ads-age
    """
    from optout.cli.errand import Request, carry_out

    request = Request(
        "undo", (account,) if account else (), False, False, tuple(only or ()), tuple(skip or ()), json, report,
        bool(headed), browser, grid, 1, selectors, origin, False, "plain", pace, quiet, verbose,
    )  # fmt: skip
    raise typer.Exit(carry_out(request))
