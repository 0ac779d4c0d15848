"""Starting and ending real browsers: kept profiles, leftovers, displays, drivers, networks that lead nowhere."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from optout.browser.launch import Launch, end_leftovers, open_session
from optout.browser.session import Session
from optout.browser.waiting import Stop
from optout.errors import BrowserGone, UsageError
from optout.fleet import Orders
from optout.outcomes import Status
from optout.practice.site import PracticeSite
from tests.harness import Bench, wanted_browser
from tests.machine import Machine, wait_for

pytestmark = pytest.mark.browser

ONLY = ("ai-training", "ads-age")


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def start(profile: Path | None = None, *, headed: bool = False, stop: Stop | None = None) -> Session:
    return open_session(Launch(kind=wanted_browser(), profile=profile, headed=headed), stop or Stop(), lambda _: None)


def started_since(before: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in children() if one not in before]


def all_gone(processes: list[psutil.Process]) -> bool:
    return not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


# --- the kept profile


def test_a_kept_profile_signs_in_again_without_the_password(site: PracticeSite, tmp_path: Path) -> None:
    bench, member = Bench(tmp_path), site.accounts[0]
    for _ in range(3):
        result = bench.carry_out([bench.errand(site, member, only=ONLY)], Orders("check")).accounts[0]
        assert result.status is Status.DONE, result.reason
    assert site.password_posts(member.username) == 1


def test_a_kept_profile_is_private_and_holds_no_password(site: PracticeSite, tmp_path: Path) -> None:
    bench, member = Bench(tmp_path), site.accounts[0]
    result = bench.carry_out([bench.errand(site, member, only=ONLY)], Orders("check")).accounts[0]
    assert result.status is Status.DONE, result.reason

    (profile,) = (tmp_path / "profiles").iterdir()
    files = [one for one in profile.rglob("*") if one.is_file()]
    assert len(files) > 10, "this is no browser profile"
    assert stat.S_IMODE(profile.stat().st_mode) == 0o700
    spellings = [member.password.encode(spelling) for spelling in ("utf-8", "utf-16-le", "utf-16-be")]
    holding = [one.name for one in files if any(text in one.read_bytes() for text in spellings)]
    assert holding == []


def test_a_profile_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    profile.mkdir(mode=0o755)
    start(profile).close()
    assert stat.S_IMODE(profile.stat().st_mode) == 0o700


# --- ending


def test_driver_and_browser_are_gone_after_the_session(tmp_path: Path) -> None:
    before = children()
    session = start(tmp_path / "profile")
    family = started_since(before)
    assert len(family) > 2, "the browser's processes were not seen"

    session.close()

    assert all_gone(family)
    with pytest.raises(BrowserGone):
        session.new_tab()


def test_driver_and_browser_are_gone_after_the_browser_was_killed(tmp_path: Path) -> None:
    before = children()
    session = start(tmp_path / "profile")
    family = started_since(before)
    browser = next(one for one in family if "driver" not in one.name())
    browser.kill()
    wait_for(lambda: not session.is_open, "the end of the connection", 20)

    with pytest.raises(BrowserGone):
        session.new_tab()
    session.close()

    wait_for(lambda: all_gone(family), "the end of every process", 10)


def test_a_frozen_driver_does_not_hold_the_end_up(tmp_path: Path) -> None:
    before = children()
    session = start(tmp_path / "profile")
    family = started_since(before)
    driver = next(one for one in family if "driver" in one.name())
    driver.send_signal(signal.SIGSTOP)
    began = time.monotonic()

    session.close()

    assert time.monotonic() - began < 30
    wait_for(lambda: all_gone(family), "the end of every process", 10)


def test_a_stop_before_the_browser_is_there_leaves_none(tmp_path: Path) -> None:
    from optout.errors import Stopped

    before, stop = children(), Stop()
    stop.request()
    with pytest.raises(Stopped):
        start(tmp_path / "profile", stop=stop)
    wait_for(lambda: all_gone(started_since(before)), "the end of every process", 10)


def test_a_killed_run_s_browser_is_ended_by_the_next_run(machine: Machine) -> None:
    first = machine.start(*machine.work(*ONLY))
    wait_for(lambda: machine.site.requests, "the first page")
    family = first.family()
    assert len(family) > 2
    first.process.kill()
    first.process.wait(10)
    left = [one for one in family if one.is_running()]
    assert left, "a killed program's browser used to stay"

    ended = machine.run(*machine.work(*ONLY))

    assert ended.code == 0, ended.stderr
    browsers = [one for one in left if "driver" not in _name(one)]
    wait_for(lambda: all_gone(browsers), "the end of the first run's browser", 10)


def test_only_the_browser_of_that_very_profile_is_ended(tmp_path: Path) -> None:
    mine, other = tmp_path / "me", tmp_path / "me-too"
    session = start(other)
    try:
        assert end_leftovers(mine) == 0
        assert session.is_open
        session.first_tab.load("about:blank")
        assert end_leftovers(other) > 0
        wait_for(lambda: not session.is_open, "the end of the browser", 20)
    finally:
        session.close()


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return process.name()
    return "driver"


# --- displays


def test_a_visible_browser_without_a_display_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(UsageError) as caught:
        start(headed=True)
    assert str(caught.value) == (
        "a visible browser needs a display and there is none here (DISPLAY is not set); "
        "leave out --headed, or sign in on a machine with a screen"
    )


@pytest.fixture
def display() -> Iterator[str]:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1300x1100x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


def test_a_visible_browser_works_on_a_display(machine: Machine, display: str) -> None:
    ended = machine.run(*machine.work(*ONLY, more=("--headed",)), environ={**machine.environ, "DISPLAY": display})
    assert ended.code == 0, ended.stderr
    assert set(ended.outcomes().values()) == {"turned-off"}


# --- drivers


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A proxy that takes every connection and never answers: a network that leads nowhere."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hold() -> None:
            with suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        threading.Thread(target=hold, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    for each in held:
        each.close()


def test_a_network_that_leads_nowhere_holds_nothing_up(
    machine: Machine, black_hole: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optout.browser.launch.DOWNLOAD_SECONDS", 2.0)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, black_hole)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(only_browsers(tmp_path / "bin")))
    began = time.monotonic()
    with pytest.raises(UsageError) as caught:
        start()
    assert time.monotonic() - began < 25
    assert "no driver is on the PATH; install the driver that fits it: " in str(caught.value)
    assert "apt-get install chromium-driver" in str(caught.value) or "geckodriver" in str(caught.value)


def only_browsers(folder: Path) -> Path:
    """A PATH with the browser and without its driver."""
    import shutil

    folder.mkdir()
    for name in ("chromium", "firefox", "firefox-esr"):
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder
