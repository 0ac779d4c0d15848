"""`optout history` and `optout report`, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from optout.cli.history_commands import history, report
from optout.errors import UsageError
from tests.report_examples import recorded


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("OPTOUT_HOME", str(folder))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("BROWSER", "true")
    return folder


@pytest.fixture
def kept(home: Path) -> Path:
    recorded(home / "history.sqlite")
    return home


def call(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(history)
    app.command()(report)
    return CliRunner().invoke(app, list(arguments))


def refusal(*arguments: str) -> str:
    error = call(*arguments).exception
    assert isinstance(error, UsageError)
    return str(error)


def test_history_is_a_table_that_fits_80_columns(kept: Path) -> None:
    output = call("history").output
    assert max(map(len, output.splitlines())) <= 80
    assert output.index("  3  ") < output.index("  1  ")
    assert "me: 1 already off, 1 turned off" in " ".join(output.split())


def test_history_as_json_is_one_document(kept: Path) -> None:
    document = json.loads(call("history", "--json", "--limit", "2").output)
    assert [row["run"] for row in document["runs"]] == [3, 2]
    assert document["runs"][0]["accounts"][1] == {
        "account": "work",
        "origin": "https://service.test",
        "status": "done",
        "outcomes": {"already-off": 1, "turned-off": 1},
        "changed": ["age-range"],
    }
    assert document["runs"][1]["accounts"][1]["status"] is None


def test_history_of_an_account_leaves_the_others_out(kept: Path) -> None:
    assert json.loads(call("history", "nobody", "--json").output)["runs"] == []
    assert call("history", "nobody").output == "No run covered nobody. All runs: optout history\n"


def test_looking_at_nothing_makes_nothing(home: Path) -> None:
    assert call("history").output == "No run is recorded yet. Begin with: optout run --dry-run\n"
    assert refusal("report") == "No run is recorded yet. Begin with: optout run --dry-run"
    assert not home.exists()


def test_report_writes_the_last_run_once_and_names_its_path(kept: Path) -> None:
    first = call("report", "--path").output.strip()
    assert Path(first).parent == kept / "reports"
    assert first.endswith("-run-3.html")
    assert call("report", "--path").output.strip() == first
    assert call("report", "--run", "1", "--path").output.strip().endswith("-run-1.html")


def test_report_opens_the_page(kept: Path) -> None:
    # BROWSER names the program that is started; `true` opens nothing and succeeds.
    assert call("report").output.startswith("Opened ")


def test_report_as_json_gives_path_digest_and_result(kept: Path) -> None:
    document = json.loads(call("report", "--json").output)
    assert Path(document["path"]).is_file()
    assert document["result"]["accounts"][0]["account"] == "me"
    assert document["digest"] in Path(document["path"]).read_text(encoding="utf-8")


def test_report_writes_into_another_folder(kept: Path, tmp_path: Path) -> None:
    page = call("report", "--write", str(tmp_path / "proofs"), "--path").output.strip()
    assert Path(page).parent == tmp_path / "proofs"


def test_a_run_that_is_not_there_is_refused(kept: Path) -> None:
    assert refusal("report", "--run", "99") == "There is no run 99. The runs there are: optout history"


def test_verify_says_yes_and_then_no(kept: Path) -> None:
    page = Path(call("report", "--path").output.strip())
    found = call("report", "--verify", str(page))
    assert (found.exit_code, "history of this machine agrees" in found.output) == (0, True)
    page.write_text(page.read_text(encoding="utf-8").replace("not saved by the site", "turned off"), encoding="utf-8")
    found = call("report", "--verify", str(page), "--json")
    assert (found.exit_code, json.loads(found.output)["unchanged"]) == (1, False)
    assert "leave out" in refusal("report", "--verify", str(page), "--path")


def test_a_broken_overlay_does_not_keep_the_report_back(kept: Path) -> None:
    (kept / "selectors.yaml").write_text("nonsense: [", encoding="utf-8")
    assert call("report", "--path").exit_code == 0


def test_a_damaged_history_is_one_sentence(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "history.sqlite").write_bytes(b"\0" * 5000)
    assert "is damaged" in refusal("history")
    assert "is damaged" in refusal("report")
