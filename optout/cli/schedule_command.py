"""`optout schedule`: checks by itself, with the platform's own means."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from optout.errors import UsageError

if TYPE_CHECKING:
    from optout.schedule_units import Machine


def schedule(
    is_weekly: Annotated[bool, typer.Option("--weekly", help="Check once a week")] = False,
    is_monthly: Annotated[bool, typer.Option("--monthly", help="Check once a month")] = False,
    is_off: Annotated[bool, typer.Option("--off", help="Take the schedule away")] = False,
    is_print: Annotated[bool, typer.Option("--print", help="Show what would be installed; touch nothing")] = False,
    via: Annotated[
        Literal["systemd", "launchd", "task-scheduler", "cron"] | None,
        typer.Option(help="The scheduler; the platform's own if left out"),
    ] = None,
) -> None:
    """Check by itself that everything is still off, and notify when it is not.

    Without options it says whether a schedule is installed.

    Examples:

      optout schedule --weekly

      optout schedule --monthly --print

      optout schedule --off
    """
    from optout import schedule as schedules
    from optout.schedule_units import Every, Machine, Via, plan

    if is_weekly + is_monthly + is_off > 1:
        raise UsageError("Choose one of --weekly, --monthly and --off.")
    machine = Machine.this(os.environ)
    if is_off:
        _take_away(machine, is_print=is_print)
        return
    if not is_weekly and not is_monthly:
        if is_print:
            raise UsageError("Choose what to show: optout schedule --weekly --print")
        found = ", ".join(schedules.installed(machine))
        state = (
            f"The check is scheduled ({found})." if found else "No check is scheduled. Start: optout schedule --weekly"
        )
        typer.echo(state)
        return
    every = Every.WEEKLY if is_weekly else Every.MONTHLY
    chosen = plan(every, Via(via) if via else schedules.usual_scheduler(machine), machine)
    if is_print:
        typer.echo(str(chosen))
        return
    schedules.install(chosen, machine)
    schedules.remove(machine, keep=chosen.via)
    typer.echo(f"A {every} check is scheduled ({chosen.via}). It runs as: optout check --all --quiet --notify")
    typer.echo("Take it away with: optout schedule --off")


def _take_away(machine: Machine, *, is_print: bool) -> None:
    from optout import schedule as schedules

    found = schedules.installed(machine)
    if is_print:
        typer.echo(f"Would be removed: {', '.join(found)}" if found else "No check is scheduled.")
        return
    schedules.remove(machine)
    typer.echo(f"The scheduled check is removed ({', '.join(found)})." if found else "No check was scheduled.")
