"""Timing and weighing whole commands: the clock, the memory of a process and all its children, medians."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.site import PASSWORD, members

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.25


@dataclass(frozen=True)
class Measured:
    """One command, measured. Seconds on the clock; megabytes at the peak, of all its processes together.

    `busy`: how much of all cores was in use meanwhile (0 to 1), by whatever ran on the machine.
    """

    seconds: float
    megabytes: float
    output: str
    busy: float

    @property
    def document(self) -> dict[str, Any]:
        """The JSON that the command printed."""
        found: dict[str, Any] = json.loads(self.output)
        return found


class Home:
    """An OPTOUT_HOME with accounts for the practice site's members."""

    def __init__(self, folder: Path, accounts: int) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "OPTOUT_HOME": str(folder),
            "OPTOUT_KEYRING_PASSPHRASE": "benchmark",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        for number, member in enumerate(members(accounts)):
            arguments = ["accounts", "add", f"member{number}", "--service", "linkedin", "--username", member.username]
            self.call([*arguments, "--password-stdin"], given=PASSWORD + "\n")

    def call(self, arguments: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
        """Run `optout` with these arguments; raises if it cannot be used so (exit code 2)."""
        command = [sys.executable, "-m", "optout", *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, env=self.environment, check=False)
        if done.returncode == 2:
            raise RuntimeError(done.stderr)
        return done

    def measure(self, arguments: Sequence[str], *, weigh: bool = False) -> Measured:
        """Run `optout` with these arguments and measure it."""
        return measure([sys.executable, "-m", "optout", *arguments], self.environment, weigh=weigh)


@contextmanager
def home(accounts: int = 1) -> Iterator[Home]:
    """A home for the length of the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Home(Path(folder) / "home", accounts)


def measure(command: Sequence[str], environment: dict[str, str] | None = None, *, weigh: bool = False) -> Measured:
    """Run a command and measure it; raises where it fails."""
    began, used = time.monotonic(), _cpu_seconds()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment or dict(os.environ),
        cwd=ROOT,
    ) as process:
        scale = Scale(process.pid) if weigh else None
        output, errors = process.communicate()
        seconds = time.monotonic() - began
        peak = scale.stop() if scale else 0.0
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {errors[-2000:]}")
    busy = (_cpu_seconds() - used) / (seconds * (os.cpu_count() or 1))
    return Measured(seconds, peak, output, min(1.0, busy))


def _cpu_seconds() -> float:
    """CPU time that all processes of this machine have used so far."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


class Scale(threading.Thread):
    """Weighs a process and its children every quarter of a second (proportional set size: shared pages count once)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._peak = 0.0
        self.start()

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, _weight(self._process))

    def stop(self) -> float:
        self._ended.set()
        self.join()
        return self._peak


def _weight(process: psutil.Process) -> float:
    total = 0.0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for one in family:
        try:
            memory = one.memory_full_info()
            total += getattr(memory, "pss", memory.uss)
        except psutil.Error:
            continue
    return total / 1e6


def medians(rounds: int, *jobs: Callable[[], float]) -> list[float]:
    """The median of each job's figure over so many rounds; the jobs take turns, so that none has the quieter time."""
    figures: list[list[float]] = [[] for _ in jobs]
    for _ in range(rounds):
        for job, kept in zip(jobs, figures, strict=True):
            kept.append(job())
    return [statistics.median(kept) for kept in figures]


def seconds_of_own_cpu(arguments: Sequence[str], environment: dict[str, str]) -> float:
    """The CPU time of the program itself in one command, without browser and driver."""
    code = (
        "import resource, sys, atexit\n"
        "def tell():\n"
        "    used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "    print(used.ru_utime + used.ru_stime, file=sys.stderr)\n"
        "atexit.register(tell)\n"
        "sys.argv = ['optout'] + sys.argv[1:]\n"
        "from optout.__main__ import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    return float(done.stderr.strip().splitlines()[-1])
