"""What the documents say of the program is so: help texts, commands, options, links and named tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from optout.cli.app import COMMANDS, GROUPS, build_app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^ *```[a-z]*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")


def commands_in(document: Path) -> list[str]:
    """The command lines that begin with `optout` in a document's blocks, help texts apart, and in its inline code."""
    text = re.sub(r"<!-- help:.*?<!-- end -->", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = [line.strip() for block in BLOCK.findall(text) for line in block.splitlines()]
    lines += re.findall(r"`(optout [^`\n]+)`", BLOCK.sub("", text))
    return [line for line in lines if line.startswith("optout ")]


def test_the_help_in_the_readme_is_what_the_program_says() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/readme_help.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]], ids=["nothing", "--help", "-h"])
def test_the_list_of_commands_is_that_of_the_whole_program(arguments: list[str]) -> None:
    listed = CliRunner().invoke(build_app(arguments), arguments)
    whole = CliRunner().invoke(build_app(), ["--help"])
    assert "\n  undo " in whole.output
    assert listed.output == whole.output


def test_a_command_builds_no_other() -> None:
    def names(*arguments: str) -> set[str]:
        return set(get_command(build_app(arguments)).commands)  # type: ignore[attr-defined]

    assert names("undo", "--help") == {"undo"}
    assert names("no-such-command") == {*COMMANDS, *GROUPS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_is_one_of_the_program(document: Path) -> None:
    for line in commands_in(document):
        words = re.split(r"\s{2,}#|\s#\s|[<>|;]", line)[0].split()[1:]
        command = get_command(build_app())
        while words and getattr(command, "commands", None) and words[0] in command.commands:  # type: ignore[attr-defined]
            command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        known |= {"--help", "-h"}
        if getattr(command, "commands", None):
            known |= {"--install-completion", "--show-completion"}
            assert not words or words[0].startswith("-"), f"{document.name}: {line}"
        used = {word.split("=")[0] for word in words if word.startswith("-")}
        assert used <= known, f"{document.name}: {line}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    text = BLOCK.sub("", document.read_text(encoding="utf-8"))
    for target, _ in LINK.findall(text):
        # The site's copies of CONTRIBUTING, SECURITY and CHANGELOG take the links of the originals.
        places = [document.parent / target, ROOT / "docs" / target, ROOT / target]
        assert any(place.exists() for place in places), f"{document.name}: {target}"


def test_every_test_that_security_names_is_there() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) >= 10
    for path, test in named:
        assert (ROOT / path).is_file(), path
        assert not test or re.search(rf"^def {test}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), test


def test_every_promise_of_security_names_a_test() -> None:
    table = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split("| --- | --- |\n")[1].split("\n\n")[0]
    rows = table.splitlines()
    assert rows
    for row in rows:
        assert "`tests/" in row, row
