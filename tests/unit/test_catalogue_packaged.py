"""The catalogue that comes with the program: complete, consistent, documented, with its schema current."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from optout.catalogue.loading import load_catalogue, packaged_path, parse_catalogue
from optout.catalogue.models import Catalogue, Evidence, Kind, Service
from optout.catalogue.overlay import _round_trip
from optout.catalogue.schema import main, schema_text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def linkedin(catalogue: Catalogue) -> Service:
    return catalogue.service("linkedin")


def test_all_nineteen_settings_are_there_and_seventeen_are_on_by_default(linkedin: Service) -> None:
    default = {group.id for group in linkedin.groups if group.default}
    assert len(linkedin.settings) == 19
    assert sum(setting.group in default for setting in linkedin.settings) == 17
    assert default == {"ai-training", "ad-personalization", "affiliate-sharing"}


def test_every_setting_has_three_generations_and_an_english_label(linkedin: Service) -> None:
    for setting in linkedin.settings:
        assert {version.seen.year for version in setting.controls} >= {2026, 2023, 2020}, setting.id
        assert setting.labels["en"], setting.id


def test_own_names_stand_in_the_selector_that_they_bear_witness_for(linkedin: Service) -> None:
    own = [version for setting in linkedin.settings for version in setting.controls if version.ctl]
    assert len(own) == 9
    assert all(str(version.ctl) in version.css and version.evidence is Evidence.A for version in own)


def test_pages_of_several_boxes_and_their_rows_without_a_value_are_marked(linkedin: Service) -> None:
    boxes = {setting.id for setting in linkedin.settings if setting.controls[0].kind is Kind.CHECKBOXES}
    without_value = {setting.id for setting in linkedin.settings if not setting.index_value}
    assert boxes == {"ads-education", "ads-job-information", "ads-employer"}
    assert without_value == {*boxes, "ads-interests"}


def test_paths_lie_under_the_prefixes_where_settings_are(linkedin: Service) -> None:
    paths = [version.path for setting in linkedin.settings for version in setting.paths]
    assert all(path.startswith(linkedin.setting_paths) for path in paths)
    assert "/mypreferences/d/settings/ads-by-age" in paths


def test_no_selector_rests_on_a_class_name_but_those_of_the_oldest_generation(linkedin: Service) -> None:
    for setting in linkedin.settings:
        for version in setting.controls:
            assert version.seen.year == 2020 or not re.search(r"\.[a-zA-Z_]|\[class", version.css), setting.id


def test_the_file_names_its_schema_in_the_first_line() -> None:
    first = packaged_path().read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./selectors.schema.json"


def test_the_schema_in_the_repository_is_current() -> None:
    assert (ROOT / "selectors.schema.json").read_text(encoding="utf-8") == schema_text()
    assert main(["--check"]) == 0


def test_the_file_survives_a_round_trip_so_that_patches_touch_nothing_else() -> None:
    text = packaged_path().read_text(encoding="utf-8")
    yaml, stream = _round_trip(), io.StringIO()
    yaml.dump(yaml.load(text), stream)
    assert stream.getvalue() == text


def test_no_list_of_the_file_is_an_alias_for_a_patch_would_change_every_place() -> None:
    assert not re.search(r"^\s*\w+: \*", packaged_path().read_text(encoding="utf-8"), re.MULTILINE)


def test_the_worked_example_of_the_documentation_loads() -> None:
    page = (ROOT / "docs" / "selectors.md").read_text(encoding="utf-8")
    example = re.search(r"<!-- example -->\n```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    shop = parse_catalogue(example[1]).service("corner-shop")
    assert shop.setting("keep-me-out").controls[0].inverted
    assert shop.setting("surveys").controls[0].off_value == "never"


def test_the_overlay_of_the_documentation_loads_over_the_catalogue() -> None:
    page = (ROOT / "docs" / "selectors.md").read_text(encoding="utf-8")
    example = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    merged = parse_catalogue(packaged_path().read_text(encoding="utf-8"), overlay=example)
    assert merged.service("linkedin").setting("ads-age").controls[0].css == "input#age"


def test_every_key_of_the_models_is_explained_in_the_documentation() -> None:
    page = (ROOT / "docs" / "selectors.md").read_text(encoding="utf-8")
    keys = set(re.findall(r'^ {8}"(\w+)": \{$', schema_text(), re.MULTILINE))
    assert keys
    assert {key for key in keys if f"`{key}" not in page} == set()
