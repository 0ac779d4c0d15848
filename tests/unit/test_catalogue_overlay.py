"""A person's own versions: how they are merged, written with comments kept, and given as a patch."""

from __future__ import annotations

import shutil
import stat
import subprocess
from datetime import date
from pathlib import Path

import pytest

from optout.catalogue import models
from optout.catalogue.loading import load_catalogue, packaged_path
from optout.catalogue.merging import NAMED, VERSIONED
from optout.catalogue.models import ControlVersion, Evidence, Kind, PathVersion
from optout.catalogue.overlay import overlay_as_patch, write_version
from optout.catalogue.problems import CatalogueError
from optout.errors import UsageError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def lay(home: Path, text: str) -> None:
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "selectors.yaml").write_text(text)


def setting(home: Path, setting_id: str) -> models.Setting:
    return load_catalogue(home).service("linkedin").setting(setting_id)


def own_version(version_id: str = "2026-11", seen: date = date(2026, 11, 20), css: str = "#age") -> ControlVersion:
    return ControlVersion(id=version_id, seen=seen, evidence=Evidence.LOCAL, css=css, ctl="age")


def wrapped(setting_text: str) -> str:
    return f"services:\n  - id: linkedin\n    settings:\n      - id: ads-age\n{setting_text}"


def test_a_new_version_stands_before_those_of_the_catalogue(home: Path) -> None:
    before = setting(home, "ads-age").controls
    lay(home, wrapped('        controls: [{id: old-one, seen: 2021-01-01, evidence: local, css: "#age"}]\n'))
    after = setting(home, "ads-age").controls
    assert [version.id for version in after] == ["old-one", *(version.id for version in before)]


def test_a_version_of_the_same_id_is_replaced_where_it_stands(home: Path) -> None:
    before = setting(home, "ads-age").controls
    lay(home, wrapped('        controls: [{id: "2026", seen: 2026-02-01, evidence: local, css: "#age"}]\n'))
    after = setting(home, "ads-age").controls
    assert [version.id for version in after] == [version.id for version in before]
    assert after[1].css == "#age"


def test_what_is_laid_over_one_setting_does_not_reach_those_that_share_an_alias(home: Path) -> None:
    before = setting(home, "ads-gender").controls
    lay(home, wrapped('        controls: [{id: "2026", seen: 2026-02-01, evidence: local, css: "#age"}]\n'))
    assert setting(home, "ads-gender").controls == before


def test_other_values_replace_and_labels_are_merged_by_language(home: Path) -> None:
    lay(home, "services:\n  - {id: linkedin, pace_seconds: 5, settings: [{id: ads-age, labels: {de: [Alter]}}]}\n")
    catalogue = load_catalogue(home)
    assert catalogue.service("linkedin").pace_seconds == 5
    assert catalogue.service("linkedin").setting("ads-age").labels == {"en": ("Age range",), "de": ("Alter",)}
    assert catalogue.service("linkedin").title == "LinkedIn"


def test_a_part_of_a_service_that_is_not_there_is_left_aside(home: Path) -> None:
    lay(home, "services:\n  - {id: elsewhere, settings: [{id: x}]}\n")
    assert [service.id for service in load_catalogue(home).services] == ["linkedin"]


def test_a_fault_of_the_overlay_names_the_overlay(home: Path) -> None:
    lay(home, wrapped("        controls: [{id: x, seen: 2026-02-01, evidence: local, css: 'a['}]\n"))
    with pytest.raises(CatalogueError) as refused:
        load_catalogue(home)
    (problem,) = refused.value.problems
    assert str(problem).startswith(
        f"{home / 'selectors.yaml'}:5:68: services.linkedin.settings.ads-age.controls[0].css"
    )


def test_the_lists_that_are_merged_are_those_of_the_models() -> None:
    named, versioned = set(), set()
    for model in vars(models).values():
        if isinstance(model, type) and issubclass(model, models.Model):
            for name, field in model.model_fields.items():
                items = [item for item in getattr(field.annotation, "__args__", ()) if isinstance(item, type)]
                if items and issubclass(items[0], models.Dated):
                    versioned.add(name)
                elif items and issubclass(items[0], models.Model) and "id" in items[0].model_fields:
                    named.add(name)
    assert (named, versioned) == (set(NAMED), set(VERSIONED))


def test_a_written_version_is_loaded_first_and_the_file_is_private(home: Path) -> None:
    path = write_version(home, "linkedin", "ads-age", own_version())
    assert setting(home, "ads-age").controls[0] == own_version()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in home.iterdir()] == ["selectors.yaml"]


def test_values_that_are_not_the_usual_ones_come_back_as_they_were(home: Path) -> None:
    version = ControlVersion(
        id="2026-11", seen=date(2026, 11, 1), evidence=Evidence.UNKNOWN, kind=Kind.CHECKBOXES,
        css="input[name=\"a: b\"]:not([x='#'])", region="page", inverted=True, save="button",
    )  # fmt: skip
    page = PathVersion(id="2026-11", seen=date(2026, 11, 1), evidence=Evidence.LOCAL, path="/x?a=b#c")
    write_version(home, "linkedin", "ads-age", version)
    write_version(home, "linkedin", "ads-age", page)
    assert setting(home, "ads-age").controls[0] == version
    assert setting(home, "ads-age").paths[0] == page


def test_comments_and_order_of_the_persons_file_are_kept(home: Path) -> None:
    lay(
        home,
        "# mine\nservices:\n"
        "  - id: linkedin # the only one\n"
        "    settings:\n"
        "      # looked at in autumn\n"
        "      - id: ads-gender\n"
        "        labels: {en: [Gender]}\n"
        "format: 1 # as ever\n",
    )
    path = write_version(home, "linkedin", "ads-age", own_version())
    assert path.read_text() == (
        "# mine\nservices:\n"
        "  - id: linkedin # the only one\n"
        "    settings:\n"
        "      # looked at in autumn\n"
        "      - id: ads-gender\n"
        "        labels: {en: [Gender]}\n"
        "      - id: ads-age\n"
        "        controls:\n"
        '          - id: "2026-11"\n'
        "            seen: 2026-11-20\n"
        "            evidence: local\n"
        '            css: "#age"\n'
        '            ctl: "age"\n'
        "format: 1 # as ever\n"
    )


def test_a_version_is_replaced_by_one_of_its_id_and_follows_newer_ones(home: Path) -> None:
    write_version(home, "linkedin", "ads-age", own_version("2026-10", date(2026, 10, 1)))
    write_version(home, "linkedin", "ads-age", own_version("2026-12", date(2026, 12, 1)))
    write_version(home, "linkedin", "ads-age", own_version("2026-11", date(2026, 11, 1)))
    write_version(home, "linkedin", "ads-age", own_version("2026-12", date(2026, 12, 2), css="#new"))
    own = setting(home, "ads-age").controls[:3]
    assert [(version.id, version.css) for version in own] == [
        ("2026-12", "#new"), ("2026-11", "#age"), ("2026-10", "#age"),
    ]  # fmt: skip


def test_a_broken_overlay_is_refused_and_left_as_it_is(home: Path) -> None:
    lay(home, "services: 3\n")
    with pytest.raises(CatalogueError):
        write_version(home, "linkedin", "ads-age", own_version())
    assert (home / "selectors.yaml").read_text() == "services: 3\n"


def test_an_entry_that_cannot_take_a_version_is_refused_and_left_as_it_is(home: Path) -> None:
    lay(home, "services: [{id: elsewhere, settings: 3}]\n")
    with pytest.raises(UsageError, match=r"settings in selectors\.yaml is no list of entries with ids"):
        write_version(home, "elsewhere", "x", own_version())
    assert (home / "selectors.yaml").read_text() == "services: [{id: elsewhere, settings: 3}]\n"


def test_entries_written_in_one_line_take_a_version(home: Path) -> None:
    lay(home, "{format: 1, services: [{id: linkedin, settings: [{id: ads-age}]}]}\n")
    write_version(home, "linkedin", "ads-age", own_version())
    assert setting(home, "ads-age").controls[0] == own_version()


def test_without_an_overlay_there_is_no_patch_and_the_next_command_is_named(home: Path) -> None:
    with pytest.raises(UsageError, match="optout selectors record"):
        overlay_as_patch(home)


@pytest.mark.parametrize("command", [["git", "apply", "-"], ["patch", "-p1", "--quiet"]], ids=["git", "patch"])
def test_the_patch_applies_and_gives_the_catalogue_that_the_overlay_gives(
    home: Path, tmp_path: Path, command: list[str]
) -> None:
    assert shutil.which(command[0]), f"{command[0]} is missing; install it: sudo apt-get install {command[0]}"
    for name in ("ai-training", "ads-age", "cookies"):
        write_version(home, "linkedin", name, own_version())
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    shutil.copy(packaged_path(), checkout / "selectors.yaml")
    patch = overlay_as_patch(home)
    subprocess.run(command, cwd=checkout, input=patch.encode(), check=True)
    patched = load_catalogue(path=checkout / "selectors.yaml").model_dump()
    assert patched == load_catalogue(home).model_dump()
    removed = [line for line in patch.splitlines() if line.startswith("-") and not line.startswith("---")]
    assert removed == []


def test_a_replaced_version_in_the_patch_touches_only_its_own_lines(home: Path) -> None:
    write_version(home, "linkedin", "ads-age", own_version("2026-07", date(2026, 8, 1)))
    changed = [line[1:].strip() for line in overlay_as_patch(home).splitlines()[2:] if line[0] in "+-"]
    assert len(changed) <= 10
    assert 'css: "#age"' in changed
