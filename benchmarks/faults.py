"""`make faults`: plays every fault scenario and counts what must never happen. Exits 1 unless every count is 0.

python -m benchmarks.faults [SCENARIO ...] [--jobs N] [--rounds N]
python -m benchmarks.faults --write-docs        writes docs/scenarios.md
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path

from optout.practice.scenarios import SCENARIOS, find_scenario
from tests.matrix import Findings, Matrix, Played, as_text, judge
from tests.scenario_table import scenario_table

DOCUMENT = Path(__file__).parent.parent / "docs" / "scenarios.md"
TITLES = {
    "false_claims": "false claims of off or not offered",
    "wrong_clicks": "wrong clicks",
    "left_on": "settings left on that were off",
    "leaks": "leaks of secrets",
    "lost_records": "lost records",
    "unexpected": "reports unlike the expected ones",
}


def main(arguments: list[str] | None = None) -> int:
    """Play, print, count; the exit code."""
    options = _parser().parse_args(arguments)
    if options.write_docs:
        DOCUMENT.write_text(scenario_table(), encoding="utf-8")
        print(f"wrote {DOCUMENT.name}")
        return 0
    names = options.scenarios or [scenario.name for scenario in SCENARIOS]
    for name in names:
        find_scenario(name)
    counts: Counter[str] = Counter()
    matrix = Matrix(options.jobs)
    try:
        for _ in range(options.rounds):
            for future in matrix.begin(names).values():
                played = future.result()
                _count(counts, played, judge(played))
    finally:
        matrix.close()
    return _summary(counts, len(set(names)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    parser.add_argument("--jobs", type=int, default=2, help="scenarios at a time")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is played")
    parser.add_argument("--write-docs", action="store_true", help="write docs/scenarios.md and play nothing")
    return parser


def _count(counts: Counter[str], played: Played, findings: Findings) -> None:
    counts["runs"] += 1
    counts["settings"] += len(played.account.settings)
    for kind in fields(findings):
        counts[kind.name] += len(getattr(findings, kind.name))
    outcomes = Counter(str(one.outcome) for one in played.account.settings)
    shown = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
    mark = "BAD" if findings.total else "ok"
    print(f"{mark:3} {played.scenario.name:28} {played.seconds:5.1f} s  {played.account.status}: {shown}", flush=True)
    for line in as_text(findings):
        print(f"      {line}", flush=True)


def _summary(counts: Counter[str], scenarios: int) -> int:
    print(f"\n{scenarios} scenarios, {counts['runs']} runs, {counts['settings']} settings read")
    for kind, title in TITLES.items():
        print(f"{counts[kind]:6}  {title}")
    return 1 if any(counts[kind] for kind in TITLES) else 0


if __name__ == "__main__":
    sys.exit(main())
