"""The Secret Service as a desktop has it: gnome-keyring on a bus of its own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MARK = "marked-password-91c2 ä"
TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
OPTOUT = f"{shlex.quote(sys.executable)} -m optout"
READ = (
    "import os; from optout.accounts import AccountBook; from optout.keyrings import open_secrets;"
    "from optout.places import Places; places = Places.from_environment(os.environ);"
    "secrets = open_secrets(places, os.environ); account = AccountBook(places, secrets).get('me');"
    "print(secrets.password('me', account.origin).reveal(), secrets.totp('me', account.origin).reveal(), sep='|');"
    "print(secrets.password('me', 'https://evil.example'))"
)
FIND = (
    "import secretstorage as s; c = s.get_default_collection(s.dbus_init());"
    "print([(i.get_attributes()['service'], i.get_attributes()['username']) for i in c.get_all_items()"
    " if i.get_attributes().get('service', '').startswith('optout:')])"
)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "LANG") if key in os.environ}
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    return {
        **kept,
        "HOME": str(tmp_path),
        "OPTOUT_HOME": str(tmp_path / "home"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONUTF8": "1",
    }


def on_a_desktop(environ: dict[str, str], script: str, *, is_unlocked: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs the shell script in a session with a keyring daemon, as after a person's log-in."""
    for tool in ("dbus-run-session", "gnome-keyring-daemon"):
        if not shutil.which(tool):
            pytest.fail(f"{tool} is needed for this test: sudo apt-get install dbus gnome-keyring")
    start = "gnome-keyring-daemon --start --components=secrets >/dev/null"
    if is_unlocked:
        start = "printf login-password | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", f"{start}\n{script}"],
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
        start_new_session=True,
        check=False,
    )


def add(environ: dict[str, str], more: str = "") -> subprocess.CompletedProcess[str]:
    lines = shlex.quote(f"{MARK}\n{TOTP}\n")
    command = f"{OPTOUT} accounts add me --username me@example.com --password-stdin --totp-stdin {more}"
    return on_a_desktop(environ, f"printf %s {lines} | {command}")


def test_secrets_are_kept_in_the_secret_service_over_a_new_log_in(environ: dict[str, str]) -> None:
    done = add(environ)
    assert done.returncode == 0, done.stderr
    assert "Password and authenticator secret are in Secret Service." in done.stdout
    again = on_a_desktop(environ, f"{shlex.quote(sys.executable)} -c {shlex.quote(READ)}")
    assert again.stdout.splitlines() == [f"{MARK}|{TOTP}", "None"]
    home = Path(environ["OPTOUT_HOME"])
    assert not (home / "keyring.cfg").exists()
    for path in Path(environ["HOME"]).rglob("*"):
        assert not path.is_file() or (MARK.encode() not in path.read_bytes() and TOTP.encode() not in path.read_bytes())


def test_secrets_are_filed_under_the_services_origin_and_removed_again(environ: dict[str, str]) -> None:
    add(environ)
    find = f"{shlex.quote(sys.executable)} -c {shlex.quote(FIND)}"
    found = on_a_desktop(environ, find).stdout
    origin = "optout:https://www.linkedin.com"
    assert sorted(eval(found)) == [(origin, "me"), (origin, "me/totp")]  # noqa: S307 -- printed by our own line
    done = on_a_desktop(environ, f"{OPTOUT} accounts remove me --yes && {find}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_locked_keyring_is_one_sentence_and_nothing_is_stored(environ: dict[str, str]) -> None:
    add(environ)
    command = f"{OPTOUT} accounts add you --username you@example.com --password-stdin"
    done = on_a_desktop(environ, f"printf pw | {command}", is_unlocked=False)
    assert done.returncode == 2
    assert "The system keyring (Secret Service) is locked. Unlock it and allow optout to use it" in done.stderr
    assert "Traceback" not in done.stderr
    listed = on_a_desktop(environ, f"{OPTOUT} accounts list --json")
    assert [row["name"] for row in json.loads(listed.stdout)["accounts"]] == ["me"]


def test_the_doctor_names_the_secret_service(environ: dict[str, str]) -> None:
    done = on_a_desktop(environ, f"{OPTOUT} doctor --json")
    (keyring,) = [row for row in json.loads(done.stdout)["findings"] if row["name"] == "keyring"]
    assert keyring == {"name": "keyring", "level": "ok", "text": "Secret Service, safe", "remedy": None}
