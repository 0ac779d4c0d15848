"""The terminal's table, its reasons and its JSON document."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from optout.outcomes import Outcome, RunResult, State, Unlisted
from optout.report.terminal import console_for, json_document, print_result
from tests.report_examples import TITLES, account, is_on, mixed_run, off, run, setting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(result: RunResult, stream: io.StringIO | None = None, **environ: str) -> str:
    stream = stream or io.StringIO()
    print_result(result, TITLES, console_for(stream, environ), Path("/home/someone/" + "x" * 90 + "/page.html"))
    return stream.getvalue()


def test_the_table_fits_80_columns() -> None:
    lines = printed(mixed_run()).splitlines()
    assert max(len(line) for line in lines if "page.html" not in line) <= 80
    text = "\n".join(lines)
    assert "Data for Generative AI Improvement" in text
    assert "• Age range: A fresh load of its page still says on." in text
    assert "  Try again with: optout run me --only age-range." in text


def test_a_path_is_never_broken_over_two_lines() -> None:
    assert printed(mixed_run()).splitlines()[-1] == "Report: /home/someone/" + "x" * 90 + "/page.html"


def test_the_closing_sentence_is_the_last_but_the_path() -> None:
    text = " ".join(printed(run(account(off("Age range")))).split("Report:")[0].split())
    assert text.endswith("is off (1 turned off and proved in this run); nothing is left to do.")


@pytest.mark.parametrize("width", [20, 40, 59, 60, 200])
def test_other_widths_are_respected(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = printed(mixed_run(), COLUMNS=str(width)).splitlines()
    assert max(len(line) for line in lines if "page.html" not in line) <= width
    assert "turned off" in "\n".join(lines) or width == 20


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" not in printed(mixed_run())
    assert "\x1b[32m" in printed(mixed_run(), Terminal())
    assert "[32m" not in printed(mixed_run(), Terminal(), NO_COLOR="1")


def test_a_page_cannot_write_to_the_terminal() -> None:
    hostile = "Age\x1b]0;owned\x07\x1b[31m [red]range[/red]\nAll 17 settings are off."
    result = run(
        account(
            setting(hostile, Outcome.FAILED, State.ON, reason=hostile, change=hostile),
            unlisted=[Unlisted(hostile, "https://x.test/\x1b[2J", State.ON)],
        )
    )
    text = printed(result)
    assert not set(text) & {"\x1b", "\x07"}
    assert "[red]range[/red]" in text
    assert not any(line.strip().startswith("All 17") for line in text.splitlines()[:5])


def test_changes_and_new_controls_are_told() -> None:
    result = run(
        account(
            is_on("Groups", change="turned on again since 2026-11-01"),
            unlisted=[Unlisted("Voice", "https://x.test/v", State.ON)],
        ),
        command="check",
    )
    text = printed(result)
    assert "• Groups: Turned on again since 2026-11-01." in text
    assert "• Voice (on): https://x.test/v" in text


def test_the_json_document_is_one_document_of_ascii() -> None:
    result = run(account(setting("Größe \ud800", Outcome.FAILED, reason="…")))
    document = json_document(result)
    assert document.isascii()
    assert json.loads(document) == json.loads(json.dumps(result.as_json()))
