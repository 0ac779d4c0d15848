"""What several test modules need: the fault matrix, a browser, a practice site, the program as a process."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from optout.practice.records import Latency
from optout.practice.site import PracticeSite
from tests.harness import SharedBrowser, wanted_browser
from tests.machine import Machine, add_account, machine_environ
from tests.matrix import MEMBER, Matrix
from tests.warm_firefox import warm_firefox

FAST = Latency(0.02, 0.02, 0.05)


def pytest_configure(config: pytest.Config) -> None:
    """Once, before the workers of a parallel run begin: they find Firefox where it is put here."""
    if wanted_browser() == "firefox" and not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="optout-firefox-"))
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ["PATH"] = f"{warm_firefox(folder)}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="session")
def shared_browser() -> Iterator[SharedBrowser]:
    """One browser for many runs; every run has cookies and storage of its own."""
    shared = SharedBrowser()
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def practice_site() -> Iterator[PracticeSite]:
    """One practice site whose only member has marked secrets; choose what it plays with `use`."""
    with PracticeSite("plain", FAST, (MEMBER,)) as site:
        yield site


@pytest.fixture
def site(practice_site: PracticeSite) -> PracticeSite:
    """The shared practice site, playing `plain`, as new."""
    practice_site.use("plain")
    practice_site.latency = FAST
    return practice_site


@pytest.fixture(scope="session")
def matrix() -> Iterator[Matrix]:
    """Players of scenarios, at work in the background."""
    matrix = Matrix()
    yield matrix
    matrix.close()


@pytest.fixture(scope="session")
def furnished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one account, to be copied."""
    home = tmp_path_factory.mktemp("furnished") / "home"
    add_account(machine_environ(home), totp=True)
    return home


@pytest.fixture
def machine(site: PracticeSite, furnished_home: Path, tmp_path: Path) -> Iterator[Machine]:
    """The program as a process, with the account `me` and a home of its own; nothing of it is left afterwards."""
    home = tmp_path / "home"
    shutil.copytree(furnished_home, home)
    machine = Machine(site, home, machine_environ(home))
    yield machine
    machine.end_all()


class Greeting(BaseHTTPRequestHandler):
    """Answers everything, and remembers that it was asked at all."""

    asked: list[str]

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    do_POST = do_GET  # noqa: N815 -- the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """An https address of this machine whose certificate nobody signed, and what was asked of it."""
    names = ("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem"), "-days", "2")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, "-subj", "/CN=localhost"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Greeting)
    server.asked = []  # type: ignore[attr-defined]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://localhost:{server.server_port}", server.asked  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
