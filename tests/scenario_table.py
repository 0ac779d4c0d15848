"""The table of docs/scenarios.md, made from the scenarios and the tests that play them."""

from __future__ import annotations

from optout.practice.faults import Scenario
from optout.practice.members import DEFAULT_IDS
from optout.practice.scenarios import SCENARIOS

TEST = "tests/browser/test_scenarios.py"
HEAD = """# Scenarios

Every way in which the practice site can misbehave, what an honest program reports then, and the test that shows it.
Look at one with `optout practice --scenario NAME`, run against it with `optout run --practice --scenario NAME`.

In every scenario, whatever it reports, the program must not claim what the site's own record contradicts, operate
anything but a setting in scope, leave on what was off, send or keep a secret where it does not belong, or lose a
record. `make faults` plays all of them and counts. The outcomes below are those of the settings that the scenario
is about; where several stand, each is true of some run. All others are {default}.

This page is generated: `python -m benchmarks.faults --write-docs`. A test fails when it is out of date.

| scenario | what happens | outcome | exit code | test |
| --- | --- | --- | --- | --- |
"""


def scenario_table() -> str:
    """The whole text of docs/scenarios.md."""
    head = HEAD.replace("{default}", "`turned-off`, unless the row says otherwise")
    return head + "".join(_row(scenario) for scenario in SCENARIOS)


def _row(scenario: Scenario) -> str:
    codes = ", ".join(str(code) for code in sorted(scenario.expected.exit_codes))
    test = f"`{TEST}::test_scenario[{scenario.name}]`"
    text = scenario.description.replace("|", "\\|")
    return f"| `{scenario.name}` | {text} | {_outcomes(scenario)} | {codes} | {test} |\n"


def _outcomes(scenario: Scenario) -> str:
    """Each group of settings with the same acceptable outcomes; the default only where it is not the common one."""
    expected = scenario.expected
    groups: dict[str, list[str]] = {}
    for setting in DEFAULT_IDS:
        if setting in expected.outcomes:
            groups.setdefault(_listed(expected.outcomes[setting]), []).append(setting)
    parts = [f"{outcomes}: {', '.join(settings)}" for outcomes, settings in groups.items() if len(settings) < 6]
    parts += [f"{outcomes}: {len(settings)} settings" for outcomes, settings in groups.items() if len(settings) >= 6]
    if not parts or expected.default != frozenset({"turned-off"}):
        parts.append(_listed(expected.default) + (": all others" if parts else ""))
    return "; ".join(parts)


def _listed(outcomes: frozenset[str]) -> str:
    return " or ".join(f"`{one}`" for one in sorted(outcomes))
