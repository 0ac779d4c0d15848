"""The program: its commands, and the one place where errors become text and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, NoReturn

import typer

from optout.errors import NeedsHuman, OptoutError, Stopped, place_of

# Every command and its module under optout.cli, in the order of the help.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "run_commands",
        "check": "run_commands",
        "undo": "run_commands",
        "login": "login_command",
        "settings": "settings_commands",
        "history": "history_commands",
        "report": "history_commands",
        "rights": "rights_command",
        "notices": "notices_command",
        "practice": "practice_command",
        "doctor": "doctor_command",
        "schedule": "schedule_command",
    }
)
GROUPS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "accounts": ("accounts_commands", "Add, list and remove the accounts to sign in to"),
        "selectors": ("selectors_commands", "Look at the selectors, check and repair them"),
    }
)


def build_app(only: str | None = None) -> typer.Typer:
    """The program with all its commands, or with the one of that name: to build all of them takes 0.1 s of every start.

    A name that is none gives all, for the error that lists them.
    """
    is_known = only in COMMANDS or only in GROUPS
    app = typer.Typer(
        name="optout",
        callback=root,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    for name, module in COMMANDS.items():
        if name == only or not is_known:
            app.command()(_part(module, name))
    for name, (module, text) in GROUPS.items():
        if name == only or not is_known:
            app.add_typer(_part(module, f"{name}_app"), name=name, help=text)
    return app


def _part(module: str, name: str) -> Any:
    return getattr(import_module(f"optout.cli.{module}"), name)


def _wanted_command(arguments: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The command that a command line names, if it is plain to see; None for a shell that asks what it could be."""
    return None if "_OPTOUT_COMPLETE" in environ or not arguments else arguments[0]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"optout {version('optout')}")
        raise typer.Exit


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
        code = build_app(_wanted_command(sys.argv[1:], os.environ))(standalone_mode=False)
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
