"""Checking again and again: what changed since is said on the terminal, in JSON, in the report and on the desktop."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optout.outcomes import now
from optout.practice.site import PracticeSite
from tests.machine import BROWSER, OPTOUT
from tests.unit.test_notify import SERVICE

pytestmark = pytest.mark.browser

BEHIND_THE_DESKTOP = """
import subprocess, sys
service = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
assert service.stdout.readline() == "ready\\n"
done = subprocess.run([sys.executable, "-m", "tests.program", *sys.argv[2:]], stdin=subprocess.DEVNULL)
if done.returncode == 0:
    service.kill()
print(service.stdout.read(), end="")
service.wait(10)
raise SystemExit(done.returncode)
"""


class Watched:
    """An account of a practice site, set up as a person would, and the commands on it."""

    def __init__(self, site: PracticeSite, home: Path) -> None:
        self.site, self.home, self.member = site, home, site.accounts[0]
        self.where = ("--origin", site.origin, *BROWSER)
        # A keyring of the machine that runs the tests is none of their business.
        self.environ = {
            **{key: value for key, value in os.environ.items() if key != "DBUS_SESSION_BUS_ADDRESS"},
            "OPTOUT_HOME": str(home),
            "OPTOUT_KEYRING_PASSPHRASE": "practice practice practice",
        }

    def begin(self) -> None:
        """Store the account, and have a first run find everything off."""
        member = self.member
        self.call("accounts", "add", "me", "--username", member.username, "--password-stdin", stdin=member.password)
        verified = self.account("run")
        assert [one for one in verified["settings"] if one["change"]] == []  # type: ignore[attr-defined]

    def call(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        done = subprocess.run(
            [*OPTOUT, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.environ,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def account(self, *arguments: str, code: int = 0) -> dict[str, object]:
        return json.loads(self.call(*arguments, *self.where, "--json", code=code))["accounts"][0]  # type: ignore[no-any-return]

    def all_off(self) -> None:
        for control in self.site.truth(self.member.username):
            self.site.set(self.member.username, control, False)

    def notified(self, *arguments: str, code: int) -> list[str]:
        """The notifications that a command gave to the desktop's service."""
        command = [sys.executable, "-c", BEHIND_THE_DESKTOP, SERVICE, *arguments, *self.where]
        done = subprocess.run(
            ["dbus-run-session", "--", *command],
            capture_output=True,
            text=True,
            env=self.environ,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return [json.loads(line)[2] for line in done.stdout.splitlines()]


@contextmanager
def verified(home: Path) -> Iterator[Watched]:
    """An account that was found off by a run, and is signed in."""
    with PracticeSite("all-off") as site:
        account = Watched(site, home)
        account.begin()
        yield account


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with verified(tmp_path_factory.mktemp("begun") / "home") as account:
        yield account


@pytest.fixture
def watched(begun: Watched, tmp_path: Path) -> Watched:
    """A verified account in a home of its own, signed out; the site is as it was then."""
    begun.site.use("all-off")
    home = Path(shutil.copytree(begun.home, tmp_path / "home", symlinks=True))
    return Watched(begun.site, home)


def changes(account: dict[str, object]) -> dict[str, str]:
    return {one["id"]: one["change"] for one in account["settings"] if one["change"]}  # type: ignore[attr-defined]


def test_a_setting_that_somebody_turned_on_again_is_named_wherever_one_looks(watched: Watched) -> None:
    watched.site.set(watched.member.username, "ads-age", True)
    said = f"was off on {now().date()}; turned on again since"
    assert changes(watched.account("check", code=1)) == {"ads-age": said}
    folder = watched.home / "pages"
    shown = watched.call("check", *watched.where, "--quiet", "--report", str(folder), code=1)
    assert f"Age range: {said[0].upper()}{said[1:]}." in " ".join(shown.split())
    (page,) = folder.glob("*.html")
    assert f"<strong>Changed:</strong> {said[0].upper()}{said[1:]}." in page.read_text(encoding="utf-8")


def test_a_new_control_is_news_once_it_appears_and_not_again(watched: Watched) -> None:
    first = watched.account("check")
    assert [one["change"] for one in first["unlisted"]] == [None] * len(first["unlisted"])  # type: ignore[attr-defined, arg-type]
    watched.site.use("unlisted-control")
    watched.all_off()
    unknown = next(one for one in watched.site.truth(watched.member.username) if "unlisted" in one)
    watched.site.set(watched.member.username, unknown, True)
    second = watched.account("check")
    news = [(one["state"], one["change"]) for one in second["unlisted"] if one["change"]]  # type: ignore[attr-defined]
    assert news == [("on", f"new since {now().date()}")]
    third = watched.account("check")
    assert [one["change"] for one in third["unlisted"] if one["change"]] == []  # type: ignore[attr-defined]


def test_a_control_that_is_gone_is_said_to_be_gone(watched: Watched) -> None:
    watched.site.use("region-absent")
    watched.all_off()
    found = changes(watched.account("check"))
    assert found
    assert set(found.values()) == {f"was off on {now().date()}; the site no longer offers it"}


def test_the_desktop_hears_of_what_is_on_and_nothing_when_all_is_well(tmp_path: Path) -> None:
    """A desktop session has a keyring of its own: the account has to be signed in still."""
    check = ("check", "--all", "--quiet", "--notify")
    with verified(tmp_path / "home") as signed_in:
        assert signed_in.notified(*check, code=0) == []
        signed_in.site.set(signed_in.member.username, "ads-gender", True)
        (text,) = signed_in.notified(*check, code=1)
    assert "not off: Gender (is on)" in text
