"""Every scenario of the practice site, by name."""

from __future__ import annotations

from optout.errors import UsageError
from optout.practice.faults import Scenario
from optout.practice.scenarios_of_pages import CONTROL_SCENARIOS, PAGE_SCENARIOS
from optout.practice.scenarios_of_saves import INDEX_SCENARIOS, SAVE_SCENARIOS
from optout.practice.scenarios_of_site import SIGN_IN_SCENARIOS, SITE_SCENARIOS

SCENARIOS: tuple[Scenario, ...] = (
    *SAVE_SCENARIOS,
    *INDEX_SCENARIOS,
    *CONTROL_SCENARIOS,
    *PAGE_SCENARIOS,
    *SITE_SCENARIOS,
    *SIGN_IN_SCENARIOS,
)


def find_scenario(name: str) -> Scenario:
    """The scenario of that name. `UsageError` if there is none."""
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    raise UsageError(f"There is no practice scenario “{name}”. To list them: optout practice --list")
