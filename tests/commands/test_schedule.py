from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

OPTOUT = [sys.executable, "-m", "optout"]
FAKE_CRONTAB = """#!/bin/sh
if [ "$1" = "-l" ]; then
  [ -f "{table}" ] || {{ echo "no crontab for you" >&2; exit 1; }}
  exec cat "{table}"
fi
exec cat "${{1:--}}" > "{table}"
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    kept = {key: os.environ[key] for key in ("PYTHONPATH", "LANG") if key in os.environ}
    return {
        **kept,
        # No systemctl, whatever the machine has: /usr/bin is left out, and the tools that the fakes need are linked.
        "PATH": str(tmp_path / "bin"),
        "HOME": str(tmp_path / "person"),
        "OPTOUT_HOME": str(tmp_path / "kept here"),
        "OPTOUT_KEYRING_PASSPHRASE": "marked-91c2",
    }


@pytest.fixture
def crontab(environ: dict[str, str], tmp_path: Path) -> Path:
    folder = Path(environ["PATH"])
    for tool in ("cat", "env", "sh"):
        (folder / tool).symlink_to(f"/bin/{tool}")
    (folder / "crontab").write_text(FAKE_CRONTAB.format(table=tmp_path / "table"))
    (folder / "crontab").chmod(0o755)
    return tmp_path / "table"


def optout(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OPTOUT, *arguments],
        capture_output=True,
        text=True,
        env=environ,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_check_is_scheduled_shown_and_taken_away(environ: dict[str, str], crontab: Path) -> None:
    crontab.write_text("1 2 * * * /usr/bin/other\n")
    shown = optout(environ, "schedule", "--weekly", "--print")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert crontab.read_text() == "1 2 * * * /usr/bin/other\n", "--print touches nothing"
    done = optout(environ, "schedule", "--weekly")
    assert (done.returncode, done.stderr) == (0, "")
    assert "A weekly check is scheduled (cron)" in done.stdout
    (line,) = [line for line in crontab.read_text().splitlines() if "optout" in line]
    assert line in shown.stdout
    assert "marked-91c2" not in crontab.read_text()
    assert "The check is scheduled (cron)." in optout(environ, "schedule").stdout
    assert "is removed (cron)" in optout(environ, "schedule", "--off").stdout
    assert [row for row in crontab.read_text().splitlines() if row] == ["1 2 * * * /usr/bin/other"]
    assert "No check was scheduled." in optout(environ, "schedule", "--off").stdout


def test_the_scheduled_command_is_one_that_runs(environ: dict[str, str], crontab: Path) -> None:
    optout(environ, "schedule", "--monthly")
    (line,) = [line for line in crontab.read_text().splitlines() if "optout" in line]
    words = shlex.split(line.split(maxsplit=5)[5].replace("\\%", "%"), comments=True)
    cut = words.index("check")
    # As cron would: nothing of our environment but what the line itself sets, and from another folder.
    bare = {"PATH": "/usr/bin:/bin", **({"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {})}
    done = subprocess.run([*words[:cut], "accounts", "list"], capture_output=True, text=True, env=bare, check=False)
    assert done.returncode == 0, done.stderr
    assert "No account is set up yet" in done.stderr


@pytest.mark.parametrize("via", ["systemd", "launchd", "task-scheduler", "cron"])
def test_every_scheduler_can_be_shown_on_every_machine(environ: dict[str, str], via: str) -> None:
    done = optout(environ, "schedule", "--monthly", "--print", "--via", via)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--notify" in done.stdout
    assert environ["OPTOUT_HOME"] in done.stdout
    assert "marked-91c2" not in done.stdout
    assert not Path(environ["HOME"]).exists()


def test_no_scheduler_is_one_sentence(environ: dict[str, str]) -> None:
    done = optout(environ, "schedule", "--weekly")
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no scheduler here" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("--weekly", "--monthly"), ("--weekly", "--off"), ("--print",)])
def test_what_cannot_be_meant_is_refused(environ: dict[str, str], arguments: tuple[str, ...]) -> None:
    done = optout(environ, "schedule", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Choose" in done.stderr
