"""The program: its commands, and the one place where errors become text and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any, NoReturn

import typer

from optout.cli.streams import take_any_text
from optout.errors import NeedsHuman, OptoutError, Stopped, place_of

# Every command: its module under optout.cli and its line in the list of commands, in that list's order.
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "run": ("run_commands", "Switch off what is on, re-read every setting to prove it, and report."),
        "check": ("run_commands", "Look quickly whether everything is still off, and what changed since."),
        "undo": ("run_commands", "Put back what the last run changed, by the same rules."),
        "login": ("login_command", "Sign in yourself, in a visible browser that is kept for later runs."),
        "settings": ("settings_commands", "Show what is covered, per service and group."),
        "history": ("history_commands", "Show past runs: when, which accounts, what was turned off."),
        "report": ("history_commands", "Open the report page of the last run in the browser."),
        "rights": ("rights_command", "Write the objection to what no setting covers."),
        "notices": (
            "notices_command",
            "Show what changed in the privacy notices since you last accepted their text.",
        ),
        "practice": ("practice_command", "Serve the practice site until Ctrl-C: everything on it is made up."),
        "doctor": (
            "doctor_command",
            "Look whether everything is here that a run needs, and how to fix what is not.",
        ),
        "schedule": (
            "schedule_command",
            "Check by itself that everything is still off, and notify when it is not.",
        ),
    }
)
GROUPS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "accounts": ("accounts_commands", "Add, list and remove the accounts to sign in to."),
        "selectors": ("selectors_commands", "Look at the selectors, check and repair them."),
    }
)


def build_app(arguments: Sequence[str] | None = None) -> typer.Typer:
    """The program, with those of its commands that this command line can reach; with all where that is not plain.

    To build all of them takes 0.1 s of every start.
    """
    app = typer.Typer(
        name="optout",
        callback=root,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    asks_for_list = arguments is not None and {"-h", "--help", "--version"}.issuperset(arguments)
    wanted = arguments[0] if arguments and arguments[0] in {*COMMANDS, *GROUPS} else None
    for name, (module, text) in {**COMMANDS, **GROUPS}.items():
        if asks_for_list:
            app.command(name, short_help=text)(_name_in_a_list)
        elif wanted not in (name, None):
            continue
        elif name in COMMANDS:
            app.command(name, short_help=text)(_part(module, name))
        else:
            app.add_typer(_part(module, f"{name}_app"), name=name, help=text)
    return app


def _part(module: str, name: str) -> Any:
    return getattr(import_module(f"optout.cli.{module}"), name)


def _name_in_a_list() -> None:
    """Stands for a command that is not called, only listed."""


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
    take_any_text(sys.stdout, sys.stderr)
    os.umask(0o077)  # whatever is written here, also by the browser, is for this person only
    try:
        is_completing = "_OPTOUT_COMPLETE" in os.environ  # the shell asks what the words so far could become
        code = build_app(None if is_completing else sys.argv[1:])(standalone_mode=False)
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
