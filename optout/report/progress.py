"""What a person sees while a run goes on: on standard error, from several threads, nothing that a page could forge."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

from optout.outcomes import AccountResult, SettingResult
from optout.report.words import as_line, setting_in_words, settings_counted, status_in_words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

NARROW_COLUMNS = 60
REFRESHES_PER_SECOND = 4


class Progress(Protocol):
    """What the engine tells while it works. Every method may be called from any thread."""

    def account_started(self, account: str, total: int) -> None:
        """An account's run begins; `total` settings are in scope."""

    def phase(self, account: str, text: str) -> None:
        """What goes on now, as a short phrase such as "signing in"."""

    def setting_started(self, account: str, title: str) -> None:
        """A setting is being looked at."""

    def setting_done(self, account: str, result: SettingResult) -> None:
        """A setting has its outcome."""

    def note(self, account: str, text: str) -> None:
        """Something that only `--verbose` shows."""

    def tell(self, account: str, text: str) -> None:
        """Something that the person has to know now: what is waited for, and by whom it can be ended."""

    def account_done(self, result: AccountResult) -> None:
        """An account's run has ended."""

    def close(self) -> None:
        """Nothing more comes; the terminal is left as it was."""


class QuietProgress:
    """Shows nothing."""

    def account_started(self, account: str, total: int) -> None:
        """Shows nothing."""

    def phase(self, account: str, text: str) -> None:
        """Shows nothing."""

    def setting_started(self, account: str, title: str) -> None:
        """Shows nothing."""

    def setting_done(self, account: str, result: SettingResult) -> None:
        """Shows nothing."""

    def note(self, account: str, text: str) -> None:
        """Shows nothing."""

    def tell(self, account: str, text: str) -> None:
        """Shows nothing."""

    def account_done(self, result: AccountResult) -> None:
        """Shows nothing."""

    def close(self) -> None:
        """Shows nothing."""


class PlainProgress:
    """One line per finished setting, for logs and pipes; with `verbose` also phases and notes."""

    def __init__(self, stream: TextIO, *, verbose: bool = False) -> None:
        self._stream = stream
        self._verbose = verbose
        self._lock = threading.Lock()
        self._totals: dict[str, int] = {}
        self._done: dict[str, set[str]] = {}
        self._looked_at: set[tuple[str, str]] = set()

    def account_started(self, account: str, total: int) -> None:
        """Remembers how many settings there are."""
        with self._lock:
            self._totals[account], self._done[account] = total, set()
        self._line(account, f"{settings_counted(total)} to look at")

    def phase(self, account: str, text: str) -> None:
        """A line, if verbose."""
        if self._verbose:
            self._line(account, text)

    def setting_started(self, account: str, title: str) -> None:
        """A line, if verbose; a later look at the same setting is the one that verifies."""
        if not self._verbose:
            return
        with self._lock:
            is_again = (account, title) in self._looked_at
            self._looked_at.add((account, title))
        self._line(account, f"{'verifying' if is_again else 'looking at'} {title}")

    def setting_done(self, account: str, result: SettingResult) -> None:
        """The line `account  3/17: title – turned off`."""
        with self._lock:
            done = self._done.setdefault(account, set())
            done.add(result.id)
            count = f"{len(done)}/{self._totals.get(account, 0)}"
        self._line(account, f"{count}: {setting_in_words(result)}")

    def note(self, account: str, text: str) -> None:
        """A line, if verbose."""
        if self._verbose:
            self._line(account, text)

    def tell(self, account: str, text: str) -> None:
        """A line."""
        self._line(account, text)

    def account_done(self, result: AccountResult) -> None:
        """The line that says how the account's run ended."""
        self._line(result.account, status_in_words(result))

    def close(self) -> None:
        """Nothing is held open."""

    def _line(self, account: str, text: str) -> None:
        with self._lock:
            print(f"{as_line(account)}  {as_line(text)}", file=self._stream, flush=True)


@dataclass(slots=True)
class _Bar:
    task: TaskID
    total: int
    done: set[str] = field(default_factory=set)


class RichProgress:
    """Live lines on a terminal, one per account: what goes on, n of m, time so far. Gone when closed."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._of_account: dict[str, _Bar] = {}

    def account_started(self, account: str, total: int) -> None:
        """A line for the account."""
        with self._lock:
            bars = self._live()
            bar = _Bar(bars.add_task("starting", total=total, account=as_line(account)), total)
            self._of_account[account] = bar

    def phase(self, account: str, text: str) -> None:
        """The account's line says what goes on."""
        self._say(account, text)

    def setting_started(self, account: str, title: str) -> None:
        """The account's line names the setting."""
        self._say(account, title)

    def setting_done(self, account: str, result: SettingResult) -> None:
        """The account's line counts one more; with `verbose` the outcome stays on the screen."""
        with self._lock:
            bar = self._of_account.get(account)
            if bar:
                bar.done.add(result.id)
                self._live().update(bar.task, completed=len(bar.done))
        if self._verbose:
            self._keep(account, setting_in_words(result))

    def note(self, account: str, text: str) -> None:
        """A line that stays, if verbose."""
        if self._verbose:
            self._keep(account, text)

    def tell(self, account: str, text: str) -> None:
        """A line that stays."""
        self._keep(account, text)

    def account_done(self, result: AccountResult) -> None:
        """The account's line says how it ended, and its clock stops."""
        self._say(result.account, status_in_words(result))
        with self._lock:
            bar = self._of_account.get(result.account)
            if bar:
                self._live().stop_task(bar.task)

    def close(self) -> None:
        """Takes the live lines away and shows the cursor again."""
        with self._lock:
            bars, self._bars = self._bars, None
            self._of_account = {}
        if bars:
            bars.stop()

    def _say(self, account: str, text: str) -> None:
        with self._lock:
            bar = self._of_account.get(account)
            if bar:
                self._live().update(bar.task, description=as_line(text))

    def _keep(self, account: str, text: str) -> None:
        with self._lock:
            console = self._bars.console if self._bars else self._console
            console.print(f"{as_line(account)}  {as_line(text)}", markup=False, highlight=False, style="dim")

    def _live(self) -> Bars:
        if self._bars is None:
            self._bars = _bars(self._console)
            self._bars.start()
        return self._bars


def _bars(console: Console) -> Bars:
    from rich.progress import MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415 -- rich only where a terminal shows it
    from rich.table import Column  # noqa: PLC0415

    is_narrow = console.width < NARROW_COLUMNS
    account = TextColumn("{task.fields[account]}", markup=False, table_column=Column(no_wrap=True, max_width=16))
    # The description takes what the others leave, so that a long title never wraps the line.
    text = TextColumn(
        "{task.description}", markup=False, style="dim", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
    )
    columns = (
        [account, MofNCompleteColumn(), text]
        if is_narrow
        else [SpinnerColumn(), account, MofNCompleteColumn(), text, TimeElapsedColumn()]
    )
    return Bars(*columns, console=console, transient=True, expand=True, refresh_per_second=REFRESHES_PER_SECOND)


def progress_for(stream: TextIO, environ: Mapping[str, str], *, quiet: bool = False, verbose: bool = False) -> Progress:
    """The progress that fits `stream`: live on a terminal, lines elsewhere (and on a dumb one), nothing if quiet."""
    if quiet:
        return QuietProgress()
    if not stream.isatty() or environ.get("TERM") == "dumb":
        return PlainProgress(stream, verbose=verbose)
    from rich.console import Console  # noqa: PLC0415

    return RichProgress(Console(file=stream, no_color=bool(environ.get("NO_COLOR"))), verbose=verbose)
