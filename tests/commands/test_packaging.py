"""What `pip install .` and `pipx install .` give: the command with its catalogue, and nothing of this checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **more
    )


@dataclass(frozen=True)
class Installed:
    """The command of a virtual environment; called, it runs and ends."""

    program: Path
    folder: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return run(self.program, *arguments, cwd=self.folder, env={**self.environment, **variables})

    @contextmanager
    def practice(self) -> Iterator[str]:
        """`optout practice` while it serves; gives its origin."""
        serving = subprocess.Popen(
            [self.program, "practice"], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        try:
            assert serving.stdout is not None
            found = re.search(r"http://[\d.:]+", serving.stdout.readline())
            assert found is not None
            yield found[0]
        finally:
            serving.kill()
            serving.communicate(timeout=10)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("optout-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The command of an empty virtual environment, and an environment and folder that know nothing of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=True, system_site_packages=False)
    programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    done = run(programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}[practice]")
    assert done.returncode == 0, done.stderr
    (folder / "home").mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "OPTOUT", "VIRTUAL_ENV"))}
    environment = {**kept, "OPTOUT_HOME": str(folder / "home" / "optout"), "HOME": str(folder / "home")}

    return Installed(programs / "optout", folder, environment)


def version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def test_the_wheel_holds_the_program_its_catalogue_and_its_templates(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "optout/selectors.yaml" in names
    assert "optout/py.typed" in names
    assert {f"optout/rights_texts/letter.{language}.txt.j2" for language in ("en", "de", "fr", "es", "it")} <= names
    assert {"optout/browser/page.js", "optout/report/page.html.j2", "optout/report/page.css"} <= names
    assets = {f"optout/practice/assets/{path.name}" for path in (ROOT / "optout" / "practice" / "assets").iterdir()}
    assert assets
    assert assets <= names
    assert not any(name.startswith(("tests/", "benchmarks/", "docs/", "scripts/")) for name in names)
    packaged = zipfile.ZipFile(wheel).read("optout/selectors.yaml")
    assert packaged == (ROOT / "selectors.yaml").read_bytes()


def test_the_installed_command_knows_its_version(installed: Installed) -> None:
    result = installed("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(rf"\b{re.escape(version())}\b", result.stdout)


def test_the_installed_command_knows_its_settings(installed: Installed) -> None:
    result = installed("settings")
    assert result.returncode == 0, result.stderr
    assert "affiliate-sharing" in result.stdout


def test_the_installed_command_writes_letters(installed: Installed) -> None:
    result = installed("rights", "--region", "uk", "--language", "en")
    assert result.returncode == 0, result.stderr
    assert "Article 21(1)" in result.stdout


def test_the_installed_command_serves_the_practice_site(installed: Installed) -> None:
    """Whole pages, style and scripts included: what `optout run --practice` needs beside a browser."""
    with installed.practice() as origin:
        with urllib.request.urlopen(f"{origin}/login", timeout=10) as answer:
            page = answer.read().decode()
        parts = re.findall(r'"(/assets/[^"]+)"', page)
        assert {part.rsplit(".")[-1] for part in parts} == {"css", "js"}
        for part in parts:
            with urllib.request.urlopen(origin + part, timeout=10) as answer:
                assert len(answer.read()) > 1000, part


def test_the_installed_command_says_what_a_run_lacks(installed: Installed) -> None:
    result = installed("run", "--practice", "--dry-run", PATH=str(installed.folder))
    assert result.returncode == 2
    assert "no browser is installed here" in result.stderr


def test_the_version_stands_in_one_place() -> None:
    pattern = re.compile(rf"(?<![\d.]){re.escape(version())}(?![\d.])")
    found = [
        path.relative_to(ROOT)
        for path in (ROOT / "optout").rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
