"""The options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optout.cli import completion

Accounts = Annotated[
    list[str] | None,
    typer.Argument(metavar="ACCOUNT", help="Names of accounts", autocompletion=completion.account_names),
]
All = Annotated[bool, typer.Option("--all", help="Every account")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="ID_OR_GROUP",
        help="Only this setting or group; repeatable",
        autocompletion=completion.settings_and_groups,
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(
        "--skip",
        metavar="ID_OR_GROUP",
        help="Leave this one out; repeatable",
        autocompletion=completion.settings_and_groups,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output")]
Report = Annotated[Path | None, typer.Option("--report", metavar="DIR", help="Write the report page there")]
Headed = Annotated[
    bool | None, typer.Option("--headed/--headless", help="Show the browser, or not (the default)", show_default=False)
]
Browser = Annotated[
    str | None,
    typer.Option(
        "--browser", metavar="NAME", help="chromium, chrome, firefox or edge", autocompletion=completion.browsers
    ),
]
Grid = Annotated[str | None, typer.Option("--grid", metavar="URL", help="Run the browsers on a Selenium Grid")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, max=64, metavar="N", help="Accounts at a time")]
Selectors = Annotated[
    Path | None, typer.Option("--selectors", metavar="FILE", help="This catalogue instead of the built-in one")
]
Origin = Annotated[
    str | None, typer.Option("--origin", metavar="URL", help="The service's pages from a loopback address instead")
]
Practice = Annotated[bool, typer.Option("--practice", help="On the built-in practice site, with its own account")]
Scenario = Annotated[
    str,
    typer.Option(
        "--scenario",
        metavar="NAME",
        help="With --practice: what goes wrong (optout practice --list)",
        autocompletion=completion.scenarios,
    ),
]
Pace = Annotated[
    float | None,
    typer.Option("--pace", min=0, max=600, metavar="SECONDS", help="Least time between two page loads"),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        envvar="OPTOUT_REGION",
        metavar="WHERE",
        help="Where you live, for the report: eu, uk, us…",
        autocompletion=completion.regions,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the result, no progress")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more of what is done and why")]
Notify = Annotated[bool, typer.Option("--notify", help="A desktop notification when something needs you")]
