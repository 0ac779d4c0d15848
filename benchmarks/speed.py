"""`make bench`: how quick the program is, as ratios within one run on one machine; median of several rounds.

python -m benchmarks.speed                 all figures, five rounds
python -m benchmarks.speed --rounds 1 --only full-selenium --only check-loads
python -m benchmarks.speed --plots         measure how the cost grows, and draw it
python -m benchmarks.speed --write         write docs/performance.md from what was measured last, if in parts
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial

from benchmarks.growth import write_plots
from benchmarks.measuring import ROOT, Measured, home, measure, medians, seconds_of_own_cpu
from benchmarks.site import remote_site
from optout.practice.records import Latency

REAL = Latency(page_seconds=0.3, data_seconds=0.0, save_seconds=0.25)
# A grid's nodes are machines of their own. Where one machine plays them all, its cores are what is measured, unless the
# pages are so slow that four browsers leave them room.
SLOW = Latency(page_seconds=2.0, data_seconds=0.0, save_seconds=0.25)
WITHOUT_VALUE = ("ads-education", "ads-job-information", "ads-employer", "ads-interests")
QUIET = ("--quiet", "--json")
WEIGHINGS = 3
KEPT = ROOT / "build" / "bench"
PLOTS = ROOT / "docs" / "plots"
NO_PLOTS = """Not measured for this page: `make bench ARGS=--plots` measures 1 to 16 accounts, 5 to 200 settings and
pages of 50 to 1000 ms, and draws the plots."""


@dataclass(frozen=True)
class Figure:
    """One measured figure, and what it should reach."""

    name: str
    text: str
    target: float
    value: float
    detail: str
    at_least: bool = False
    rounds: int = 0

    @property
    def is_reached(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target


def full_run(rounds: int, module: str, name: str, text: str) -> Figure:
    """A whole run of ours beside a sequential script that makes the same loads and clicks."""
    with remote_site(REAL) as site:

        def ours() -> float:
            site.reset()
            with home() as place:
                seconds = place.measure(["run", "member0", "--origin", site.origin, *QUIET]).seconds
            assert site.all_off(1)
            return seconds

        def theirs() -> float:
            site.reset()
            seconds = measure([sys.executable, "-m", module, site.origin]).seconds
            assert site.all_off(1)
            return seconds

        ours_seconds, their_seconds = medians(rounds, ours, theirs)
    return Figure(name, text, 0.40, ours_seconds / their_seconds, f"{ours_seconds:.1f} s / {their_seconds:.1f} s")


def check_loads(rounds: int) -> Figure:
    """Page loads of a check in the steady state, of settings whose index row shows a value."""
    del rounds
    skip = [word for name in WITHOUT_VALUE for word in ("--skip", name)]
    with remote_site(REAL) as site, home() as place:
        site.reset(off=True)
        where = ["member0", "--origin", site.origin, *QUIET]
        place.measure(["run", *where])
        loads = place.measure(["check", *where, *skip]).document["accounts"][0]["page_loads"]
    return Figure("check-loads", "`check`, all off: page loads, settings whose index row shows a value", 2, loads, "")


def check_time(rounds: int) -> Figure:
    """A check in the steady state beside opening every setting's page, both with a kept session."""
    with remote_site(REAL) as site, home() as place, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        site.reset(off=True)
        where = ["member0", "--origin", site.origin, *QUIET]
        place.measure(["run", *where])
        every_page = [sys.executable, "-m", "benchmarks.every_page", site.origin, folder]
        measure(every_page)
        ours, theirs = medians(
            rounds,
            lambda: place.measure(["check", *where]).seconds,
            lambda: measure(every_page).seconds,
        )
    return Figure(
        "check-time",
        "`check`, all off: ours / opening every setting page",
        0.25,
        ours / theirs,
        f"{ours:.1f} s / {theirs:.1f} s",
    )


def eight_accounts(rounds: int) -> tuple[Figure, Figure]:
    """Eight accounts, four at a time, beside eight times one account: time and memory."""
    with remote_site(REAL, 8) as site:
        busy: list[float] = []

        def run(count: int, *arguments: str, weigh: bool) -> Measured:
            site.reset()
            with home(count) as place:
                done = place.measure(["run", *arguments, "--origin", site.origin, *QUIET], weigh=weigh)
            assert site.all_off(count)
            return done

        def bulk() -> float:
            done = run(8, "--all", "--jobs", "4", weigh=False)
            busy.append(done.busy)
            return done.seconds

        eight, one = medians(rounds, bulk, lambda: run(1, "member0", weigh=False).seconds)
        # Weighed by themselves: reading what every process has in memory takes a core's time.
        heavy, light = medians(
            min(rounds, WEIGHINGS),
            lambda: run(8, "--all", "--jobs", "4", weigh=True).megabytes,
            lambda: run(1, "member0", weigh=True).megabytes,
        )
    times = f"{eight:.1f} s / 8 x {one:.1f} s; all cores {max(busy):.0%} busy"
    masses = f"{heavy:.0f} MB / 8 x {light:.0f} MB"
    return (
        Figure("bulk-time", "8 accounts, --jobs 4: ours / 8 x one account", 0.45, eight / (8 * one), times),
        Figure("bulk-memory", "peak memory of 8 accounts: ours / 8 x one account", 0.5, heavy / (8 * light), masses),
    )


def own_cpu(rounds: int) -> Figure:
    """The program's own CPU time in a full run with a kept session.

    Without one, the encrypted file that stands in for a system keyring takes its Argon2 time on top, by design.
    """
    with remote_site(REAL) as site, home() as place:
        where = ["member0", "--origin", site.origin, *QUIET]
        place.measure(["run", *where])

        def once() -> float:
            place.measure(["undo", *where])
            return seconds_of_own_cpu(["run", *where], place.environment)

        (seconds,) = medians(rounds, once)
    return Figure(
        "own-cpu",
        "the program's own CPU time in a full run, seconds",
        1.0,
        seconds,
        "without browser and driver, signed in by the kept profile",
    )


def help_time(rounds: int) -> Figure:
    """`optout --help` beside importing typer."""
    ours, theirs = medians(
        max(rounds * 3, 5),
        lambda: measure([sys.executable, "-m", "optout", "--help"]).seconds,
        lambda: measure([sys.executable, "-c", "import typer"]).seconds,
    )
    return Figure(
        "help", '`optout --help` / `python -c "import typer"`', 1.5, ours / theirs, f"{ours:.2f} s / {theirs:.2f} s"
    )


def grid_throughput(rounds: int, latency: Latency, name: str, text: str) -> Figure:
    """Eight accounts on a grid of two nodes with two slots beside four times one slot."""
    from benchmarks.grid import LocalGrid  # noqa: PLC0415 -- needs Java, which the other figures do not

    busy: dict[int, float] = {}
    with remote_site(latency, 8) as site, LocalGrid(nodes=2, slots=2) as grid:

        def accounts(count: int, jobs: int) -> float:
            site.reset()
            with home(count) as place:
                names = [f"member{number}" for number in range(count)]
                where = ["--grid", grid.url, "--browser", "chrome", "--origin", site.origin, "--jobs", str(jobs)]
                done = place.measure(["run", *names, *where, *QUIET])
                busy[count] = done.busy
                return done.seconds

        eight, one = medians(rounds, partial(accounts, 8, 4), partial(accounts, 1, 1))
    throughput = (8 / eight) / (4 * (1 / one))
    detail = f"8 in {eight:.1f} s, 1 in {one:.1f} s; all cores {busy[8]:.0%} busy"
    return Figure(name, text, 0.85, throughput, detail, at_least=True)


def _one(figure: Callable[[int], Figure]) -> Callable[[int], tuple[Figure, ...]]:
    return lambda rounds: (figure(rounds),)


ORDER = (
    "full-selenium", "full-playwright", "check-loads", "check-time", "bulk-time", "bulk-memory",
    "grid", "grid-on-full-cores", "own-cpu", "help",
)  # fmt: skip
FIGURES: dict[str, Callable[[int], tuple[Figure, ...]]] = {
    "full-selenium": _one(
        lambda rounds: full_run(
            rounds,
            "benchmarks.sequential_selenium",
            "full-selenium",
            "full run, 17 settings on, page 300 ms, save 250 ms: ours / shortest sequential Selenium script",
        )
    ),
    "full-playwright": _one(
        lambda rounds: full_run(
            rounds, "benchmarks.sequential_playwright", "full-playwright", "the same: ours / the same job in Playwright"
        )
    ),
    "check-loads": _one(check_loads),
    "check-time": _one(check_time),
    "bulk": eight_accounts,
    "grid": _one(
        lambda rounds: grid_throughput(
            rounds, SLOW, "grid", "grid, 2 nodes x 2 slots, 8 accounts, page 2 s: throughput / 4 x one slot"
        )
    ),
    "grid-on-full-cores": _one(
        lambda rounds: grid_throughput(
            rounds, REAL, "grid-on-full-cores", "the same, page 300 ms: the two cores are full before the slots are"
        )
    ),
    "own-cpu": _one(own_cpu),
    "help": _one(help_time),
}


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| figure | to reach | measured | reached | from | rounds |", "| --- | --- | --- | --- | --- | --- |"]
    for one in figures:
        sign = "≥" if one.at_least else "≤"
        reached = "yes" if one.is_reached else "**no**"
        lines.append(
            f"| {one.text} | {sign} {one.target:g} | {one.value:.2f} | {reached} | {one.detail} | {one.rounds} |"
        )
    return "\n".join(lines)


def measured(names: list[str], rounds: int) -> list[Figure]:
    """Measure these figures; each is kept as soon as it is there."""
    KEPT.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    for name in names:
        for one in FIGURES[name](rounds):
            figure = replace(one, rounds=min(rounds, WEIGHINGS) if one.name == "bulk-memory" else rounds)
            (KEPT / f"{figure.name}.json").write_text(json.dumps(asdict(figure)), encoding="utf-8")
            print(f"{figure.name}: {figure.value:.2f} ({figure.detail})", file=sys.stderr, flush=True)
            figures.append(figure)
    return figures


def write_page() -> None:
    """Write docs/performance.md from what is kept."""
    figures = [Figure(**json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))) for name in ORDER]
    plots = (KEPT / "plots.md").read_text(encoding="utf-8") if (KEPT / "plots.md").is_file() else NO_PLOTS
    text = (ROOT / "benchmarks" / "performance.md.in").read_text(encoding="utf-8")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    text = text.replace("@TABLE@", table(figures)).replace("@MACHINE@", machine).replace("@PLOTS@", plots)
    (ROOT / "docs" / "performance.md").write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", choices=sorted(FIGURES))
    parser.add_argument("--plots", action="store_true", help="measure how the cost grows, and draw it")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md from what was measured last")
    given = parser.parse_args()
    if given.only or not (given.plots or given.write):
        print(table(measured(given.only or list(FIGURES), given.rounds)))
    if given.plots:
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / "plots.md").write_text(write_plots(PLOTS), encoding="utf-8")
    if given.write:
        missing = [name for name in ORDER if not (KEPT / f"{name}.json").is_file()]
        if missing:
            parser.error(f"nothing can be written yet, these were never measured here: {', '.join(missing)}")
        write_page()


if __name__ == "__main__":
    main()
