"""Every scenario of the practice site, each with what an honest program must report."""

from __future__ import annotations

from optout.errors import UsageError
from optout.practice.faults import Scenario

SCENARIOS: tuple[Scenario, ...] = (Scenario("plain", "Everything works."),)


def find_scenario(name: str) -> Scenario:
    """The scenario of that name. `UsageError` if there is none."""
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    raise UsageError(f"There is no practice scenario “{name}”. List them: optout practice --list")
