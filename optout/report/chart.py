"""The chart of when what was on, as numbers for the page's inline SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from optout.history_rows import Point
from optout.outcomes import State, iso
from optout.report.words import as_line, state_in_words

WIDTH = 1000.0
# Height and top of a state's bar: a difference that is seen without colours.
SHAPES = {State.ON: (2, 12), State.MIXED: (4, 8), State.OFF: (7, 2)}


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle."""

    state: State
    x: float
    y: int
    width: float
    height: int


@dataclass(frozen=True, slots=True)
class Row:
    """One setting's line: its bars, its readings' places, and the same in words."""

    title: str
    bars: tuple[Bar, ...]
    marks: tuple[float, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The lines of one account between two moments."""

    begin: datetime
    end: datetime
    rows: tuple[Row, ...]


def chart_of(timeline: Mapping[str, tuple[Point, ...]], titles: Mapping[str, str], end: datetime) -> Chart | None:
    """The chart of an account up to `end`; `None` as long as there is only one moment to show."""
    moments = sorted({point.at for points in timeline.values() for point in points})
    if len(moments) < 2:
        return None
    end = max(end, moments[-1])
    span = (end - moments[0]).total_seconds()

    def place(moment: datetime) -> float:
        return round(WIDTH * (moment - moments[0]).total_seconds() / span, 1)

    rows = []
    for setting_id, points in timeline.items():
        bars = []
        for number, point in enumerate(points):
            until = points[number + 1].at if number + 1 < len(points) else end
            width = place(until) - place(point.at)
            if point.state in SHAPES and width > 0:
                top, height = SHAPES[point.state]
                bars.append(Bar(point.state, place(point.at), top, round(width, 1), height))
        marks = tuple(min(place(moment), WIDTH - 3) for moment in sorted({point.at for point in points}))
        title = as_line(titles.get(setting_id, setting_id))
        words = ", ".join(f"{state_in_words(point.state)} on {iso(point.at)[:10]}" for point in points)
        rows.append(Row(title, tuple(bars), marks, f"{title}: {words}"))
    return Chart(moments[0], end, tuple(rows))
