"""The errors a person can meet. Each message says what happened, where, and what to do next."""

from __future__ import annotations

import traceback
from pathlib import Path


class OptoutError(Exception):
    """Base of all foreseeable faults; its text is shown to the person as it is."""


class UsageError(OptoutError):
    """Wrong usage, configuration or environment: exit code 2, nothing was touched."""


class PageError(OptoutError):
    """A page could not be loaded or read; the setting it belongs to fails, the run goes on."""


class BrowserGone(OptoutError):
    """The browser, its driver or the connection to them ended."""


class NeedsHuman(OptoutError):
    """Only the person can go on: a challenge, a captcha, a wrong password."""


class SlowedDown(OptoutError):
    """The site asked to slow down; this account's run ends at once."""


class Stopped(OptoutError):
    """The person or the system asked the program to stop."""

    TEXT = "stopped before the end: what was not reached is listed as not reached"
    OF_A_SETTING = "the run was stopped"

    def __init__(self, text: str = TEXT) -> None:
        super().__init__(text)


def place_of(error: BaseException) -> str:
    """The kind of an error and the innermost place of our own that it passed; nothing of what it says.

    The text of an error that nobody foresaw may quote anything, a secret included.
    """
    here = Path(__file__).parent
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(here)]
    where = f" at {Path(ours[-1].filename).relative_to(here)}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{where}"
