"""A Selenium Grid on loopback: a hub and two nodes with two slots each. `make grid` runs it until Ctrl-C.

The grid comes from Maven Central (Java 17 and Maven needed); its jars are kept in .tools/grid.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent
JARS = ROOT / ".tools" / "grid"
POM = Path(__file__).with_name("grid.pom.xml")
MAIN = "org.openqa.selenium.grid.Main"
START_SECONDS = 90.0
# What chromedriver and geckodriver call the profiles that they make.
PROFILES = ("*scoped_dir*", "rust_mozprofile*")
BROWSERS = {
    "chrome": ("chromedriver", ("chromium", "google-chrome")),
    "firefox": ("geckodriver", ("firefox-esr", "firefox")),
}


def fetch_jars() -> Path:
    """The folder with the grid's jars, fetched by Maven where they are missing or of another version."""
    stamp = JARS / "pom.xml"
    if not stamp.is_file() or stamp.read_bytes() != POM.read_bytes():
        shutil.rmtree(JARS, ignore_errors=True)
        command = ["mvn", "-q", "-B", "-f", str(POM), f"-Djars={JARS}", "dependency:copy-dependencies"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        shutil.copy(POM, stamp)
    return JARS


def missing_programs() -> list[str]:
    """The programs that a grid needs and this machine does not have."""
    return [name for name in ("java", "mvn") if shutil.which(name) is None]


class LocalGrid:
    """A hub and its nodes as processes of this machine; leaving the context ends them and their browsers."""

    def __init__(self, nodes: int = 2, slots: int = 2, *, hub_options: Sequence[str] = ()) -> None:
        self._wanted_nodes = nodes
        self._slots = slots
        self._hub_options = tuple(hub_options)
        self._folder = Path(tempfile.mkdtemp(prefix="optout-grid-"))
        self._temporary = self._folder / "tmp"
        self._temporary.mkdir()
        self._ports = free_ports(3 + nodes)
        self.url = f"http://127.0.0.1:{self._ports[0]}"
        self.hub: subprocess.Popen[bytes] | None = None
        self.nodes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        fetch_jars()
        port, publish, subscribe = self._ports[:3]
        bus = ["--publish-events", f"tcp://127.0.0.1:{publish}", "--subscribe-events", f"tcp://127.0.0.1:{subscribe}"]
        try:
            self.hub = self._java("hub", ["hub", "--host", "127.0.0.1", "--port", str(port), *bus, *self._hub_options])
            for number, node_port in enumerate(self._ports[3:]):
                self.nodes.append(self._java(f"node{number}", ["node", *self._node_options(node_port), *bus]))
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def status(self) -> dict[str, Any]:
        """What the hub says of itself."""
        value: dict[str, Any] = requests.get(f"{self.url}/status", timeout=10).json()["value"]
        return value

    def sessions(self, *, living: bool = False) -> list[str]:
        """The ids of all open sessions; `living`: without those of nodes that are dead and still in the hub's list."""
        ports = {port for node, port in self._node_ports() if node.poll() is None or not living}
        nodes = [node for node in self.status()["nodes"] if urlsplit(node["uri"]).port in ports]
        slots = [slot for node in nodes for slot in node["slots"]]
        return [slot["session"]["sessionId"] for slot in slots if slot["session"]]

    def profiles(self) -> list[str]:
        """The folders of browser profiles that are on the nodes; a session has one or two."""
        return [one.name for pattern in PROFILES for one in self._temporary.glob(pattern)]

    def queue_length(self) -> int:
        """How many requests for a session wait in the hub."""
        return len(requests.get(f"{self.url}/se/grid/newsessionqueue/queue", timeout=10).json()["value"])

    def _node_ports(self) -> list[tuple[subprocess.Popen[bytes], int]]:
        return list(zip(self.nodes, self._ports[3:], strict=True))

    def busy_nodes(self) -> list[subprocess.Popen[bytes]]:
        """The nodes that hold a session."""
        ports = {
            urlsplit(node["uri"]).port
            for node in self.status()["nodes"]
            if any(slot["session"] for slot in node["slots"])
        }
        return [node for node, port in self._node_ports() if port in ports]

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """End a node at once, with its drivers and browsers, as a power cut would."""
        for process in _family(node.pid):
            with suppress(psutil.Error):
                process.kill()
        node.wait(10)

    def _node_options(self, port: int) -> list[str]:
        options = ["--host", "127.0.0.1", "--port", str(port), "--detect-drivers", "false", "--hub", self.url]
        options += ["--max-sessions", str(self._slots), "--override-max-sessions", "true"]
        return [*options, "--config", str(self._driver_file())]

    def _driver_file(self) -> Path:
        """The browsers of this machine as a node's configuration; on the command line the last one would win."""
        lines = []
        for name, (driver, browsers) in BROWSERS.items():
            driver_path, binary = shutil.which(driver), next(filter(None, map(shutil.which, browsers)), None)
            if not driver_path or not binary:
                continue
            key = "moz:firefoxOptions" if name == "firefox" else "goog:chromeOptions"
            stereotype = json.dumps({"browserName": name, key: {"binary": binary}})
            lines += ["[[node.driver-configuration]]", f'display-name = "{name}"', f"max-sessions = {self._slots}"]
            lines += [f'webdriver-executable = "{driver_path}"', f"stereotype = {json.dumps(stereotype)}"]
        path = self._folder / "node.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def _java(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        command = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", MAIN, *arguments]
        with (self._folder / f"{name}.log").open("wb") as log:
            # A session of its own: Ctrl-C reaches this program, which then ends them in order.
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "TMPDIR": str(self._temporary)},
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for process in [self.hub, *self.nodes]:
                if process is None or process.poll() is not None:
                    raise RuntimeError(f"the grid did not start:\n{self._logs()}")
            with suppress(requests.RequestException, ValueError, KeyError):
                if sum(node["availability"] == "UP" for node in self.status()["nodes"]) == self._wanted_nodes:
                    return
            time.sleep(0.2)
        raise RuntimeError(f"the grid was not ready within {START_SECONDS:g} s:\n{self._logs()}")

    def _logs(self) -> str:
        return "\n".join(log.read_text(errors="replace")[-1500:] for log in sorted(self._folder.glob("*.log")))

    def _end(self) -> None:
        processes = [process for process in [*self.nodes, self.hub] if process is not None]
        families = [member for process in processes for member in _family(process.pid)]
        for process in processes:
            process.terminate()
        _, alive = psutil.wait_procs(families, timeout=8)
        for survivor in alive:
            with suppress(psutil.Error):
                survivor.kill()
        for process in processes:
            process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """So many ports on loopback that nothing listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        return [*parent.children(recursive=True), parent]
    return []


def main() -> int:
    """Start the grid, say how to use it, and keep it until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(prog="make grid", description=__doc__)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--slots", type=int, default=2, help="sessions at a time per node")
    wanted = parser.parse_args()
    if missing := missing_programs():
        print(f"make grid: {' and '.join(missing)} missing: sudo apt-get install openjdk-17-jre-headless maven")
        return 2
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    print("starting the grid ...", flush=True)
    with LocalGrid(wanted.nodes, wanted.slots) as grid:
        print(f"ready: {wanted.nodes} nodes with {wanted.slots} slots each. Use it:\n", flush=True)
        print(f"  optout run --all --grid {grid.url}\n\nCtrl-C ends it.", flush=True)
        while not done.wait(0.5):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
