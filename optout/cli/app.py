"""The program: its commands, and the one place where errors become text and exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from optout.cli.accounts_commands import accounts_app
from optout.cli.doctor_command import doctor
from optout.cli.history_commands import history, report
from optout.cli.login_command import login
from optout.cli.notices_command import notices
from optout.cli.practice_command import practice
from optout.cli.rights_command import rights
from optout.cli.run_commands import check, run, undo
from optout.cli.schedule_command import schedule
from optout.cli.selectors_commands import selectors_app
from optout.cli.settings_commands import settings
from optout.errors import NeedsHuman, OptoutError, Stopped, place_of

app = typer.Typer(
    name="optout",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for _command in (run, check, undo, login, settings, history, report, rights, notices, practice, doctor, schedule):
    app.command()(_command)
app.add_typer(accounts_app, name="accounts", help="Add, list and remove the accounts to sign in to")
app.add_typer(selectors_app, name="selectors", help="Look at the selectors, check and repair them")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"optout {version('optout')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop")
    ] = False,
) -> None:
    """Switch off AI training, ad personalization and affiliate sharing in your own accounts, and prove it.

    Examples:

      optout run --practice        try it on a made-up site, no set-up at all

      optout accounts add me       store your sign-in in the system keyring

      optout run --dry-run         what is on, what would change; clicks nothing

      optout run                   switch it off, re-read everything, report
    """
    del version


def main() -> NoReturn:
    """Run the program; every foreseeable fault is one sentence and an exit code."""
    os.umask(0o077)  # whatever is written here, also by the browser, is for this person only
    try:
        code = app(standalone_mode=False)
    except typer.Exit as error:
        code = error.exit_code
    except typer.Abort:
        _say("stopped")
        code = 1
    except typer.exceptions.TyperException as error:
        _show_usage_error(error)
        code = 2
    except Stopped as error:
        _say(str(error))
        code = 1
    except NeedsHuman as error:
        _say(str(error))
        code = 3
    except OptoutError as error:
        _say(str(error))
        code = 2
    except KeyboardInterrupt:
        _say("stopped")
        code = 1
    except Exception as error:  # noqa: BLE001 -- the last resort; the error's own text may hold what nobody should see
        _say(f"an unforeseen fault, {place_of(error)}; please report it with what this says: optout doctor --json")
        code = 1
    except BrokenPipeError:
        # The reader of our output is gone; nothing is left to say to it, not even while Python shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(int(code or 0))


def _show_usage_error(error: typer.exceptions.TyperException) -> None:
    show = getattr(error, "show", None)
    if show is not None:
        show(file=sys.stderr)
    else:
        _say(str(error))


def _say(text: str) -> None:
    typer.echo(f"optout: {text}", err=True)
