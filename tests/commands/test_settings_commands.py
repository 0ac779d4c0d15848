"""`optout settings` and `optout selectors show/export/path`, called as a person would."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from optout.catalogue.models import Evidence, PathVersion
from optout.catalogue.overlay import write_version
from optout.cli.settings_commands import selectors_app, settings
from optout.errors import UsageError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPTOUT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path / "home"


def call(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(settings)
    app.add_typer(selectors_app, name="selectors")
    return CliRunner().invoke(app, list(arguments))


def test_settings_lists_every_setting_by_group_within_eighty_columns(home: Path) -> None:
    result = call("settings")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert max(map(len, lines)) <= 80
    words = result.stdout.split()
    assert words.index("affiliate-sharing") > words.index("ads-measure-success") > words.index("ad-personalization")
    assert "(by name only)" in result.stdout


def test_settings_as_json_is_one_document(home: Path) -> None:
    document = json.loads(call("settings", "--json", "--service", "linkedin").stdout)
    assert (document["schema"], document["command"]) == (1, "settings")
    groups = {group["id"]: group for group in document["services"][0]["groups"]}
    assert [len(groups[name]["settings"]) for name in groups] == [1, 15, 1, 1, 1]
    assert groups["cookies"]["default"] is False
    assert groups["cookies"]["settings"][0]["evidence"] == "A"


def test_an_unknown_service_is_refused_with_the_known_ones(home: Path) -> None:
    result = call("settings", "--service", "linkdin")
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == "There is no service 'linkdin' (did you mean 'linkedin'?). There are: linkedin"


def test_show_names_versions_evidence_age_and_selectors(home: Path) -> None:
    result = call("selectors", "show", "ads-age")
    shown = "".join(result.stdout.split())
    assert max(map(len, result.stdout.splitlines())) <= 80
    for part in (
        "/mypreferences/d/settings/ads-by-age",
        "ownname:allowAdsByAge",
        'input.a11y-text[role="switch"]',
        "2026-07A",
    ):
        assert part in shown


def test_show_as_json_gives_the_age_in_days(home: Path) -> None:
    (found,) = json.loads(call("selectors", "show", "ads-age", "--json").stdout)["settings"]
    assert [version["id"] for version in found["controls"]] == ["2026-07", "2026", "2023", "2020"]
    ages = [version["age_days"] for version in found["controls"]]
    assert ages == sorted(ages)
    assert ages[-1] > 2000


def test_show_of_an_unknown_setting_is_refused_with_the_nearest(home: Path) -> None:
    result = call("selectors", "show", "ads-agee")
    assert isinstance(result.exception, UsageError)
    assert "did you mean 'ads-age'?" in str(result.exception)


def test_another_selectors_file_is_shown_and_its_markup_stays_text(home: Path, tmp_path: Path) -> None:
    packaged = Path(__file__).resolve().parents[2] / "selectors.yaml"
    other = tmp_path / "other.yaml"
    other.write_text(packaged.read_text().replace("title: Age range", 'title: "[link=x]Age[/link] [nope"'))
    assert "[link=x]Age[/link] [nope" in call("settings", "--selectors", str(other)).stdout
    assert "[link=x]Age[/link] [nope" in call("selectors", "show", "ads-age", "--selectors", str(other)).stdout


def test_path_names_both_files_and_export_prints_the_patch_alone(home: Path) -> None:
    assert f"{home / 'selectors.yaml'}  (not there yet)" in call("selectors", "path").stdout
    version = PathVersion(id="2026-11", seen=date(2026, 11, 1), evidence=Evidence.LOCAL, path="/new")
    write_version(home, "linkedin", "ads-age", version)
    patch = call("selectors", "export").stdout
    assert patch.startswith("--- a/selectors.yaml\n+++ b/selectors.yaml\n@@ ")
    assert '+            path: "/new"\n' in patch
    assert "not there yet" not in call("selectors", "path").stdout


def test_export_without_own_versions_names_the_command_that_records_one(home: Path) -> None:
    result = call("selectors", "export")
    assert isinstance(result.exception, UsageError)
    assert "optout selectors record SETTING" in str(result.exception)


def test_importing_the_commands_imports_nothing_heavy() -> None:
    heavy = "('pydantic', 'ruamel.yaml', 'rich.table')"
    script = f"import sys, optout.cli.settings_commands; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
