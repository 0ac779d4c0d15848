"""The person at the terminal: asked for codes, told what is waited for; or nobody at all."""

from __future__ import annotations

import sys
import threading

import typer

from optout.report.progress import Progress


class TerminalPerson:
    """Asks on the terminal, one question at a time, and only where there is one."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()

    @property
    def is_there(self) -> bool:
        """Whether both ends of the conversation are a terminal."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def ask_code(self, account: str, question: str) -> str | None:
        """A code typed by the person; None when there is no one or nothing was typed."""
        if not self.is_there:
            return None
        with self._lock:
            self._progress.note(account, "waiting for you")
            code: str = typer.prompt(f"\n{question}", default="", show_default=False, err=True)
            return code.strip() or None

    def tell(self, account: str, text: str) -> None:
        """Tell the person what is waited for."""
        self._progress.tell(account, text)
