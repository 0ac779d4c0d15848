from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OPTOUT = [sys.executable, "-m", "optout"]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    for name, says in (("chromium", "Chromium 156.0.1"), ("chromedriver", "ChromeDriver 156.0.1 (x)")):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        # The program tells on what it inherits: the passphrase must not be in it.
        path.write_text(f"#!/bin/sh\nenv >> '{tmp_path}/inherited'\necho '{says}'\n")
        path.chmod(0o755)
    kept = {key: os.environ[key] for key in ("PYTHONPATH", "LANG") if key in os.environ}
    return {
        **kept,
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "OPTOUT_HOME": str(tmp_path / "home"),
        "COLUMNS": "80",
    }


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


def test_a_ready_machine_ends_with_0_and_fits_80_columns(environ: dict[str, str]) -> None:
    done = optout(environ, "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert "chromium 156.0.1" in done.stdout
    assert "fix: optout accounts add me" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "\x1b" not in done.stdout


def test_json_is_alone_on_standard_output(environ: dict[str, str]) -> None:
    done = optout(environ, "doctor", "--json")
    document = json.loads(done.stdout)
    assert (document["schema"], document["command"], document["exit_code"]) == (1, "doctor", 0)
    names = [row["name"] for row in document["findings"]]
    for name in (
        "program",
        "browser",
        "driver",
        "display",
        "home",
        "disk",
        "keyring",
        "catalogue",
        "clock",
        "accounts",
    ):
        assert name in names
    assert {row["level"] for row in document["findings"]} <= {"ok", "warning", "error"}


def test_an_error_ends_with_2_and_names_the_command(environ: dict[str, str]) -> None:
    Path(environ["OPTOUT_HOME"]).touch()
    done = optout(environ, "doctor")
    assert done.returncode == 2
    assert "fix: export OPTOUT_HOME=~/.optout" in done.stdout
    assert "Something keeps a run from working" in done.stdout
    assert json.loads(optout(environ, "doctor", "--json").stdout)["exit_code"] == 2


def test_an_unknown_browser_is_one_sentence(environ: dict[str, str]) -> None:
    done = optout(environ, "doctor", "--browser", "safari")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Use --browser with one of: chromium, chrome, firefox, edge" in done.stderr


def test_the_programs_it_starts_do_not_inherit_the_passphrase(environ: dict[str, str], tmp_path: Path) -> None:
    assert optout({**environ, "OPTOUT_KEYRING_PASSPHRASE": "marked-91c2"}, "doctor").returncode == 0
    inherited = (tmp_path / "inherited").read_text()
    assert "PATH=" in inherited
    assert "OPTOUT_" not in inherited
    assert "marked-91c2" not in inherited
