"""The practice site in a process of its own, so that its CPU time is nobody's; told what to do by lines on stdin."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from optout.practice.records import Latency, PracticeAccount
from optout.practice.site import PracticeSite

PASSWORD = "practice-makes-perfect"


def members(count: int) -> tuple[PracticeAccount, ...]:
    """So many made-up members."""
    return tuple(PracticeAccount(f"member{number}@practice.test", PASSWORD) for number in range(count))


class RemoteSite:
    """The site as its parent process sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.origin: str = self._read()["origin"]

    def reset(self, *, off: bool = False) -> None:
        """Put every setting of every member on (or off) and end every session."""
        self._tell("off" if off else "on")

    def all_off(self, count: int) -> bool:
        """Whether every setting of the default groups is off for the first `count` members: the work was done."""
        return bool(self._tell(f"check {count}")["all_off"])

    def _tell(self, line: str) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def remote_site(latency: Latency, accounts: int = 1) -> Iterator[RemoteSite]:
    """A site in another process, for the length of the block."""
    command = [sys.executable, "-m", "benchmarks.site", str(latency.page_seconds), str(latency.data_seconds)]
    command += [str(latency.save_seconds), str(accounts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield RemoteSite(process)
        finally:
            process.terminate()


def serve(latency: Latency, accounts: int) -> None:
    """Serve until standard input ends."""
    from optout.practice.members import DEFAULT_IDS  # noqa: PLC0415

    people = members(accounts)
    with PracticeSite("plain", latency, accounts=people) as site:
        print(json.dumps({"origin": site.origin}), flush=True)
        for line in sys.stdin:
            words = line.split()
            answer: dict[str, object] = {}
            if words[0] == "check":
                some = people[: int(words[1])]
                answer["all_off"] = all(site.truth(one.username)[name] == "off" for one in some for name in DEFAULT_IDS)
            else:
                site.use("all-off" if words[0] == "off" else "plain")
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("page", "data", "save"):
        parser.add_argument(name, type=float)
    parser.add_argument("accounts", type=int)
    given = parser.parse_args()
    serve(Latency(given.page, given.data, given.save), given.accounts)
