"""What is wrong with a catalogue file, where, and what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optout.errors import UsageError

SHOWN = 60


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file: line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: its place, the path of keys that leads there, what was found and what was expected."""

    place: Place
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.key + ': ' if self.key else ''}{self.message}"


class CatalogueError(UsageError):
    """A selectors file that cannot be used; `problems` lists every fault, the text has one line for each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.place))
        files = ", ".join(dict.fromkeys(problem.place.file for problem in self.problems))
        count = "1 fault" if len(self.problems) == 1 else f"{len(self.problems)} faults"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"The catalogue cannot be used, {count} in {files}:\n{lines}\nCorrect it, then try again.")


def shown(value: Any) -> str:
    """What was found, short enough for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
