"""The one wait: a deadline, a named condition, an early way out. Nothing else in the program pauses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from optout.errors import OptoutError, Stopped

T = TypeVar("T")


class DeadlinePassed(OptoutError):
    """What was waited for did not come; the text says what it was and what was there instead."""


class Stop:
    """The person's or the system's wish to end, seen by every wait.

    `on_stop` callbacks run once, in the thread that asks to stop (a signal handler's, usually).
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    def __bool__(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        """Ask everything that waits to end."""
        self._event.set()
        for callback in tuple(self._callbacks):
            callback()

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Call this when the stop is requested."""
        self._callbacks.append(callback)

    def check(self) -> None:
        """Raise `Stopped` if the stop was requested."""
        if self._event.is_set():
            raise self.error()

    def error(self) -> Stopped:
        """What a wait raises once the stop was requested."""
        return Stopped()

    def pause(self, seconds: float) -> None:
        """Let time pass, at most this many seconds; raise `Stopped` at once when asked to stop."""
        self._event.wait(max(0.0, seconds))
        self.check()


def wait_until(
    condition: Callable[[], T | None],
    *,
    within: float,
    stop: Stop,
    every: float = 0.05,
    instead: Callable[[], str] | None = None,
) -> T:
    """The first value of `condition` that is neither None nor False.

    `within` and `every` are seconds. Raises `DeadlinePassed`, naming the condition, the time and (by `instead`)
    what was there; whatever `condition` raises passes through.
    """
    deadline = time.monotonic() + within
    while True:
        stop.check()
        value = condition()
        if value is not None and value is not False:
            return value
        left = deadline - time.monotonic()
        if left <= 0:
            name = getattr(condition, "__name__", "condition").strip("_").replace("_", " ")
            seen = f"; there was: {instead()}" if instead else ""
            raise DeadlinePassed(f"waited {within:g} s for '{name}'{seen}")
        stop.pause(min(every, left))
