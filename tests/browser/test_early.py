"""The browser that starts while the catalogue loads, by the program as a person starts it."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil
import pytest

from optout.browser.installed import DRIVERS
from tests.browser.test_machine_faults import driver_of, locks_are_free
from tests.harness import wanted_browser
from tests.machine import Machine, Running, wait_for

pytestmark = pytest.mark.browser
DRIVER = DRIVERS[wanted_browser() or "chromium"]


def started_driver(running: Running) -> psutil.Process:
    """The driver that a program starts before it ends."""
    found: list[psutil.Process] = []

    def is_there() -> bool:
        driver = driver_of(running)
        found.extend([driver] if driver else [])
        return bool(found) or running.process.poll() is not None

    wait_for(is_there, "the driver")
    assert found, "the program ended without a browser"
    return found[0]


@pytest.mark.parametrize("command", ["run", "check", "undo"])
def test_a_broken_selectors_file_is_refused_and_the_browser_that_started_meanwhile_is_gone(
    machine: Machine, tmp_path: Path, command: str
) -> None:
    broken = tmp_path / "selectors.yaml"
    broken.write_text("format: 1\nservices: nonsense\n")
    running = machine.start(*machine.work("ads-age", command=command, more=("--selectors", str(broken))))
    driver = started_driver(running)
    ended = running.end()
    assert (ended.code, ended.stdout) == (2, "")
    assert str(broken) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not driver.is_running() or driver.status() == psutil.STATUS_ZOMBIE
    assert machine.leftovers() == []
    assert locks_are_free(machine)
    assert list((machine.home / "profiles").iterdir()) == []
    assert machine.site.requests == ()


def test_the_run_works_with_the_browser_that_started_early(machine: Machine, tmp_path: Path) -> None:
    real, log = shutil.which(DRIVER), tmp_path / "started"
    assert real
    counting = tmp_path / DRIVER
    counting.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real} "$@"\n')
    counting.chmod(0o755)
    environ = {**machine.environ, "OPTOUT_DRIVER": str(counting)}

    ended = machine.run(*machine.work("ads-age"), environ=environ)

    assert (ended.code, ended.outcomes()) == (0, {"ads-age": "turned-off"})
    assert len(log.read_text().splitlines()) == 1, "one driver, and nobody asked for its version"
    assert len(list((machine.home / "profiles").iterdir())) == 1
    assert locks_are_free(machine)
    assert machine.leftovers() == []
