"""What a run shows while it works."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from rich.console import Console

from optout.outcomes import Outcome
from optout.report.progress import PlainProgress, Progress, QuietProgress, RichProgress, progress_for
from tests.report_examples import account, off, setting, was_off


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def play(progress: Progress, name: str = "me") -> None:
    failed = setting("Gender \x1b[31m[red]x", Outcome.FAILED, reason="the page\ndid not load")
    progress.account_started(name, 2)
    progress.phase(name, "signing in")
    progress.note(name, "the kept session still holds")
    progress.setting_started(name, "Age range")
    progress.setting_done(name, off("Age range"))
    progress.setting_done(name, failed)
    progress.account_done(account(off("Age range"), failed, name=name))
    progress.close()


def test_plain_progress_is_a_line_per_finished_setting() -> None:
    stream = io.StringIO()
    play(PlainProgress(stream))
    assert stream.getvalue().splitlines() == [
        "me  2 settings to look at",
        "me  1/2: Age range – turned off",
        "me  2/2: Gender [31m[red]x – failed: the page did not load",
        "me  done",
    ]


def test_one_setting_is_not_called_settings() -> None:
    stream = io.StringIO()
    PlainProgress(stream).account_started("me", 1)
    assert stream.getvalue() == "me  1 setting to look at\n"


def test_verbose_adds_phases_and_notes() -> None:
    stream = io.StringIO()
    play(PlainProgress(stream, verbose=True))
    lines = stream.getvalue().splitlines()
    assert lines[1:4] == ["me  signing in", "me  the kept session still holds", "me  looking at Age range"]
    assert len(lines) == 7


def test_what_the_person_has_to_know_now_is_shown_without_verbose() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.account_started("me", 2)
    progress.tell("me", "waits for your approval")
    assert "me  waits for your approval" in stream.getvalue().splitlines()


def test_many_threads_never_mix_their_lines() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream)

    def work(number: int) -> None:
        progress.account_started(f"a{number}", 50)
        for count in range(50):
            progress.setting_done(f"a{number}", replace(was_off("Age range"), id=f"setting-{count}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 8 * 51
    for number in range(8):
        own = [line for line in lines if line.startswith(f"a{number} ")]
        assert own[1:] == [f"a{number}  {count}/50: Age range – was already off" for count in range(1, 51)]


def test_a_setting_that_gets_another_result_is_counted_once() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.account_started("me", 2)
    progress.setting_done("me", was_off("Age range"))
    progress.setting_done("me", off("Age range"))
    assert [line.split(":")[0] for line in stream.getvalue().splitlines()[1:]] == ["me  1/2", "me  1/2"]


@pytest.mark.parametrize("width", [20, 59, 60, 80])
def test_live_progress_shows_account_setting_and_count_on_one_line(width: int) -> None:
    stream = Terminal()
    progress = RichProgress(Console(file=stream, force_terminal=True, width=width, color_system=None))
    progress.account_started("me", 17)
    progress.setting_done("me", off("Age range"))
    progress.setting_started("me", "Data for Generative AI Improvement, a long title")
    assert progress._bars is not None
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(progress._bars.get_renderable())
    progress.close()
    (line,) = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(line) <= width
    assert "me" in line
    assert "1/17" in line
    if width >= 59:
        assert "Data for Generative" in line


def test_live_progress_leaves_the_screen_as_it_was() -> None:
    stream = Terminal()
    play(RichProgress(Console(file=stream, force_terminal=True, width=80)))
    text = stream.getvalue()
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
    assert "\x1b[31m" not in text


def test_events_after_the_end_or_of_an_unknown_account_do_no_harm() -> None:
    progress = RichProgress(Console(file=Terminal(), force_terminal=True, width=80))
    play(progress)
    progress.phase("me", "late")
    progress.setting_done("me", off("Age range"))
    progress.account_done(account(name="you"))
    progress.close()
    assert progress._bars is None


@pytest.mark.parametrize(
    ("stream", "environ", "is_quiet", "kind"),
    [
        (Terminal(), {"TERM": "xterm"}, False, RichProgress),
        (Terminal(), {"TERM": "dumb"}, False, PlainProgress),
        (io.StringIO(), {"TERM": "xterm"}, False, PlainProgress),
        (Terminal(), {"TERM": "xterm"}, True, QuietProgress),
    ],
)
def test_the_progress_fits_the_stream(
    stream: io.StringIO, environ: dict[str, str], is_quiet: bool, kind: type[Progress]
) -> None:
    assert isinstance(progress_for(stream, environ, quiet=is_quiet), kind)


def test_quiet_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    play(QuietProgress())
    assert capfd.readouterr() == ("", "")
