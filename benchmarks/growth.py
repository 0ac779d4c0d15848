"""How the cost grows: with accounts, with settings, with the site's latency. One SVG plot each."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.many import many_settings
from benchmarks.measuring import home, measure
from benchmarks.site import remote_site
from optout.practice.records import Latency

ACCOUNTS = (1, 2, 4, 8, 16)
SETTINGS = (5, 17, 50, 200)
LATENCIES = (0.05, 0.1, 0.3, 0.6, 1.0)
QUIET = ("--quiet", "--json")


def by_accounts() -> list[float]:
    """Seconds for so many accounts, four at a time, page 300 ms, save 250 ms."""
    seconds = []
    for count in ACCOUNTS:
        with remote_site(Latency(0.3, 0.0, 0.25), count) as site, home(count) as place:
            done = place.measure(["run", "--all", "--jobs", "4", "--origin", site.origin, *QUIET])
            assert site.all_off(count)
        seconds.append(done.seconds)
    return seconds


def by_settings() -> list[float]:
    """Seconds for so many settings of one account, page 300 ms, save 250 ms."""
    seconds = []
    for count in SETTINGS:
        with (
            tempfile.TemporaryDirectory() as folder,
            many_settings(Path(folder), count, 0.3, 0.25) as (origin, file),
            home(0) as place,
        ):
            account = ["accounts", "add", "one", "--selectors", str(file), "--username", "one", "--password-stdin"]
            place.call(account, given="none\n")
            where = ["--origin", origin, "--selectors", str(file)]
            seconds.append(place.measure(["run", "one", *where, *QUIET]).seconds)
    return seconds


def by_latency() -> tuple[list[float], list[float]]:
    """Seconds of ours and of the sequential script by page latency, save 250 ms."""
    import sys  # noqa: PLC0415

    ours, theirs = [], []
    for page in LATENCIES:
        with remote_site(Latency(page, 0.0, 0.25)) as site:
            with home() as place:
                ours.append(place.measure(["run", "member0", "--origin", site.origin, *QUIET]).seconds)
            site.reset()
            theirs.append(measure([sys.executable, "-m", "benchmarks.sequential_selenium", site.origin]).seconds)
    return ours, theirs


def write_plots(folder: Path) -> str:
    """Measure and draw; the Markdown that shows the plots."""
    folder.mkdir(parents=True, exist_ok=True)
    accounts = by_accounts()
    _plot(folder / "accounts.svg", "accounts", ACCOUNTS, {"optout, --jobs 4": accounts})
    settings = by_settings()
    _plot(folder / "settings.svg", "settings", SETTINGS, {"optout": settings})
    ours, theirs = by_latency()
    milliseconds = [int(one * 1000) for one in LATENCIES]
    _plot(folder / "latency.svg", "page latency in ms", milliseconds, {"optout": ours, "sequential Selenium": theirs})
    rows = [
        ("accounts", ACCOUNTS, accounts),
        ("settings", SETTINGS, settings),
        ("page latency (ms)", milliseconds, ours),
    ]
    lines = []
    for name, points, seconds in rows:
        lines.append(
            f"- {name}: " + ", ".join(f"{point}: {value:.1f} s" for point, value in zip(points, seconds, strict=True))
        )
    pictures = "\n\n".join(
        f"![{text}](plots/{name}.svg)"
        for name, text in (
            ("accounts", "Seconds by number of accounts"),
            ("settings", "Seconds by number of settings"),
            ("latency", "Seconds by page latency, ours and a sequential script"),
        )
    )
    return "\n".join(lines) + "\n\n" + pictures


def _plot(path: Path, label: str, points: Sequence[float], lines: dict[str, list[float]]) -> None:
    import matplotlib as mpl  # noqa: PLC0415 -- only where plots are wanted

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "optout"
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(6, 3.4))
    for name, seconds in lines.items():
        axes.plot(points, seconds, marker="o", label=name)
    axes.set_xlabel(label)
    axes.set_ylabel("seconds")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
