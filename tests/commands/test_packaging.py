"""What `pip install .` and `pipx install .` give: the command with its catalogue, and nothing of this checkout."""

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command, **more):
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **more
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("optout-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The command of an empty virtual environment, and an environment and folder that know nothing of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=True, system_site_packages=False)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    done = run(programs / "python", "-m", "pip", "install", "--quiet", wheel)
    assert done.returncode == 0, done.stderr
    (folder / "home").mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "OPTOUT", "VIRTUAL_ENV"))}
    environment = {**kept, "OPTOUT_HOME": str(folder / "home" / "optout"), "HOME": str(folder / "home")}

    def call(*arguments):
        return run(programs / "optout", *arguments, cwd=folder, env=environment)

    return call


def version():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_wheel_holds_the_program_its_catalogue_and_its_templates(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "optout/selectors.yaml" in names
    assert "optout/py.typed" in names
    assert {f"optout/rights_texts/letter.{language}.txt.j2" for language in ("en", "de", "fr", "es", "it")} <= names
    assert not any(name.startswith(("tests/", "benchmarks/", "docs/")) for name in names)
    packaged = zipfile.ZipFile(wheel).read("optout/selectors.yaml")
    assert packaged == (ROOT / "selectors.yaml").read_bytes()


def test_the_installed_command_knows_its_version(installed):
    result = installed("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(rf"\b{re.escape(version())}\b", result.stdout)


def test_the_installed_command_knows_its_settings(installed):
    result = installed("settings")
    assert result.returncode == 0, result.stderr
    assert "affiliate-sharing" in result.stdout


def test_the_installed_command_writes_letters(installed):
    result = installed("rights", "--region", "uk", "--language", "en")
    assert result.returncode == 0, result.stderr
    assert "Article 21(1)" in result.stdout


def test_the_version_stands_in_one_place():
    pattern = re.compile(rf"(?<![\d.]){re.escape(version())}(?![\d.])")
    found = [
        path.relative_to(ROOT)
        for path in (ROOT / "optout").rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
