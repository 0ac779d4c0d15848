"""`optout run`, `check` and `undo` as commands: what is printed where, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.machine import BROWSER, Machine
from tests.matrix import MEMBER

pytestmark = pytest.mark.browser


def test_json_is_one_document_on_standard_output_and_progress_is_on_standard_error(machine: Machine) -> None:
    ended = machine.run(*machine.work("ads-age", "ads-gender"))
    document = json.loads(ended.stdout)
    assert (document["schema"], document["command"], document["dry_run"], document["exit_code"]) == (1, "run", False, 0)
    assert [one["account"] for one in document["accounts"]] == ["me"]
    assert ended.outcomes() == {"ads-age": "turned-off", "ads-gender": "turned-off"}
    assert all(
        one["url"].startswith(machine.site.origin) and one["selector"] and one["checked_at"] and one["reason"] is None
        for one in ended.account["settings"]
    )
    assert ended.account["page_loads"] >= 6
    assert "Age range" in ended.stderr


def test_a_dry_run_reads_everything_clicks_nothing_and_exits_0(machine: Machine) -> None:
    ended = machine.run(*machine.work("ads-age", more=("--dry-run",)))
    assert (ended.code, ended.document["dry_run"], ended.outcomes()) == (0, True, {"ads-age": "would-turn-off"})
    assert machine.site.operations == ()


def test_check_is_1_as_long_as_something_is_on_and_0_afterwards(machine: Machine) -> None:
    first = machine.run(*machine.work("ads-age", command="check"))
    assert (first.code, first.document["command"], first.outcomes()) == (1, "check", {"ads-age": "would-turn-off"})
    assert machine.run(*machine.work("ads-age")).code == 0
    second = machine.run(*machine.work("ads-age", command="check"))
    assert (second.code, second.outcomes()) == (0, {"ads-age": "already-off"})
    assert len(machine.site.operations) == 1


def test_the_second_run_keeps_the_session_and_types_no_password(machine: Machine) -> None:
    assert machine.run(*machine.work("ads-age", more=("--dry-run",))).code == 0
    assert machine.run(*machine.work("ads-age")).code == 0
    assert machine.site.password_posts(MEMBER.username) == 1


def test_a_report_is_written_where_it_was_asked_for(machine: Machine, tmp_path: Path) -> None:
    assert machine.run(*machine.work("ads-age", more=("--report", str(tmp_path / "proofs")))).code == 0
    (page,) = (tmp_path / "proofs").glob("*.html")
    verified = machine.run("report", "--verify", str(page))
    assert verified.code == 0, verified.stderr


def test_practice_needs_no_account_and_leaves_no_profile(machine: Machine, tmp_path: Path) -> None:
    environ = {**machine.environ, "OPTOUT_HOME": str(tmp_path / "empty")}
    ended = machine.run("run", "--practice", *BROWSER, "--only", "ads-age", "--json", environ=environ)
    assert (ended.code, ended.outcomes(), ended.account["account"]) == (0, {"ads-age": "turned-off"}, "practice")
    profiles = tmp_path / "empty" / "profiles"
    assert not profiles.exists() or list(profiles.iterdir()) == []
