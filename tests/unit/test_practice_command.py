"""`optout practice`, in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from optout.practice.scenarios import SCENARIOS

SCRIPT = "import typer; from optout.cli.practice_command import practice; typer.run(practice)"


@contextmanager
def start(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command for the length of the block; what is still there afterwards is ended, or a failure would wait."""
    # A shell's background job has Ctrl-C ignored, and hands that down.
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = [sys.executable, "-u", "-c", SCRIPT, *arguments]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, handler)
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_the_list_names_every_scenario_with_its_sentence() -> None:
    with start("--list") as process:
        text, _ = process.communicate(timeout=30)
    lines = [line.split(maxsplit=1) for line in text.splitlines()]
    assert lines == [[scenario.name, scenario.description] for scenario in SCENARIOS]


def test_it_serves_until_it_is_interrupted_and_ends_cleanly() -> None:
    with start("--scenario", "german") as process:
        assert process.stdout
        shown = ""
        while "Ctrl-C" not in shown:
            shown += process.stdout.readline()
        origin = re.search(r"http://127\.0\.0\.1:\d+", shown)
        assert origin, shown
        with urllib.request.urlopen(f"{origin[0]}/login") as page:
            assert b"Practice site" in page.read()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Account:       me@practice.test" in shown
    assert "Password:      practice-makes-perfect" in shown
    assert said.strip() == "The practice site is closed."


def test_importing_the_command_imports_no_server() -> None:
    check = "import sys, optout.cli.practice_command; print({'flask', 'werkzeug', 'pyotp'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


@pytest.mark.parametrize("arguments", [("--port", "70000"), ("--latency-ms", "-1")])
def test_impossible_numbers_are_refused(arguments: tuple[str, ...]) -> None:
    with start(*arguments) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert arguments[0] in said
