"""The program as a person starts it: a process of its own, with a home of its own, against the practice site."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from optout.practice.site import PracticeSite
from tests.harness import wanted_browser
from tests.matrix import MEMBER

OPTOUT = (sys.executable, "-m", "tests.program")
LONGEST_SECONDS = 240.0
BROWSER = ("--browser", wanted_browser() or "chromium")
PASSPHRASE = "marked-Passphrase-58c1"
# Nothing is fetched from elsewhere: a driver that is not here is not here.
OFFLINE = {"SE_OFFLINE": "true", "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document on standard output, which holds nothing else."""
        assert self.stdout, f"no document; exit code {self.code}, and it said: {self.stderr}"
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    @property
    def account(self) -> dict[str, Any]:
        """The one account of the document."""
        account: dict[str, Any] = self.document["accounts"][0]
        return account

    def outcomes(self) -> dict[str, str]:
        """The outcome per setting."""
        return {one["id"]: one["outcome"] for one in self.account["settings"]}


class Running:
    """A started program; what it writes is collected while it works."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._texts: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._collect, args=(name,), daemon=True) for name in ("stdout", "stderr")
        ]
        for thread in self._threads:
            thread.start()

    def _collect(self, name: str) -> None:
        for line in getattr(self.process, name):
            self._texts[name] = self._texts.get(name, "") + line

    def said(self, name: str = "stderr") -> str:
        """What it has written so far."""
        return self._texts.get(name, "")

    def end(self) -> Ended:
        """Wait for its end."""
        code = self.process.wait(LONGEST_SECONDS)
        for thread in self._threads:
            thread.join(10)
        return Ended(code, self.said("stdout"), self.said("stderr"))

    def family(self) -> list[psutil.Process]:
        """Every process that it started, at any depth."""
        with suppress(psutil.Error):
            return psutil.Process(self.process.pid).children(recursive=True)
        return []


@dataclass
class Machine:
    """A home, an environment and an address for the program."""

    site: PracticeSite
    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    started: list[Running] = field(default_factory=list)

    def start(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Running:
        """Start `optout` with these arguments."""
        process = subprocess.Popen(
            [*OPTOUT, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(self.environ if environ is None else environ),
            start_new_session=True,
        )
        running = Running(process)
        self.started.append(running)
        return running

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Ended:
        """Start `optout` and wait for its end."""
        return self.start(*arguments, environ=environ).end()

    def work(self, *only: str, command: str = "run", more: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The arguments of a run over these settings of the practice site."""
        chosen = tuple(part for one in only for part in ("--only", one))
        return (command, "me", "--origin", self.site.origin, "--json", "--verbose", *BROWSER, *chosen, *more)

    def leftovers(self) -> list[psutil.Process]:
        """Processes of this home: by their arguments or their environment, which every child inherits a part of."""
        mark = str(self.home)
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                texts = [*process.cmdline(), *process.environ().values()]
                if process.pid != os.getpid() and any(mark in text for text in texts):
                    found.append(process)
        return found

    def end_all(self) -> None:
        """End what a test has left running."""
        for running in self.started:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait(10)
        for process in self.leftovers():
            with suppress(psutil.Error):
                process.kill()


def machine_environ(home: Path) -> dict[str, str]:
    """A machine without a desktop: no system keyring, no display, an own home."""
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "LANG") if key in os.environ}
    return {
        **kept,
        **OFFLINE,
        "MARK_OF_TEST": str(home),
        "NO_PROXY": "127.0.0.1,localhost",
        "HOME": str(home.parent),
        "OPTOUT_HOME": str(home),
        "OPTOUT_KEYRING_PASSPHRASE": PASSPHRASE,
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }


def add_account(environ: Mapping[str, str], *, totp: bool = False) -> None:
    """Store the practice member's marked secrets as the account `me`."""
    command = ["accounts", "add", "me", "--username", MEMBER.username, "--password-stdin"]
    subprocess.run(
        [*OPTOUT, *command, *(["--totp-stdin"] if totp else [])],
        input=f"{MEMBER.password}\n{MEMBER.totp_secret}\n",
        text=True,
        env=dict(environ),
        check=True,
        capture_output=True,
        timeout=60,
    )


def wait_for(condition: Callable[[], object], what: str, seconds: float = 90.0) -> None:
    """Wait until a condition holds; the error names it."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        pause.wait(0.01)
