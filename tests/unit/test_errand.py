"""What a command may begin with before its catalogue is read, and what is refused before anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from optout.browser.launch import Launch
from optout.cli.errand import _beginning
from optout.early import Beginning
from tests.commands.test_bad_input import request


@pytest.mark.parametrize("command", ["run", "check", "undo"])
def test_a_browser_may_start_before_the_catalogue_is_read(command: str) -> None:
    asked = request(command=command, accounts=("me",), browser="firefox", origin="http://127.0.0.1:8000")
    assert _beginning(asked) == Beginning(("me",), False, "http://127.0.0.1:8000", Launch(kind="firefox"))


@pytest.mark.parametrize(
    "changes",
    [
        {"command": "selectors check"},
        {"practice": True},
        {"grid": "http://127.0.0.1:4444"},
        {"headed": True},
        {"origin": "https://elsewhere.example"},
        {"selectors": Path("no-such-file.yaml")},
    ],
    ids="-".join,
)
def test_no_browser_starts_early_elsewhere_in_sight_or_for_what_is_refused(changes: dict[str, Any]) -> None:
    assert _beginning(request(**changes)) is None
