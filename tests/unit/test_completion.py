"""What the shell offers after Tab, asked as a shell asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from optout.accounts import AccountBook, new_account
from optout.places import Places
from optout.secret import MemorySecrets, Secret


def offered(line: str, home: Path) -> list[str]:
    environ = {
        **os.environ,
        "OPTOUT_HOME": str(home),
        "_OPTOUT_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    code = "import sys; sys.argv = ['optout']; from optout.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("optout sche", ["schedule"]),
        ("optout run --only affil", ["affiliate-sharing"]),
        ("optout run --skip ads-ag", ["ads-age"]),
        ("optout run --scenario two-st", ["two-step-totp"]),
        ("optout check --region us-", ["us-ca"]),
        ("optout run --browser fi", ["firefox"]),
        ("optout check wo", []),
    ],
)
def test_the_shell_is_offered_what_is_known(line: str, expected: list[str], tmp_path: Path) -> None:
    assert offered(line, tmp_path) == expected


def test_the_shell_is_offered_the_accounts_that_are_there(tmp_path: Path) -> None:
    book = AccountBook(Places(tmp_path).prepare(), MemorySecrets())
    for name in ("me", "work"):
        book.add(new_account(name, "site", "a@example.com", "https://example.com"), Secret("pw"))
    assert offered("optout check wo", tmp_path) == ["work"]
    assert offered("optout login ", tmp_path) == ["me", "work"]
