"""The report page: everything it has to say, nothing that a page could smuggle in, and a seal that shows edits."""

from __future__ import annotations

import re
import stat
from datetime import UTC, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.errors import UsageError
from optout.history import History, Point
from optout.outcomes import Outcome, RunResult, SettingResult, State, Unlisted
from optout.report.chart import chart_of
from optout.report.html import ReportContext, find_report, render, time_in_words, write_report
from optout.report.seal import verify_report
from tests.report_examples import NOON, TITLES, account, mixed_run, off, png, recorded, run, setting

CONTEXT = ReportContext(TITLES, "0.1.0", "2026-11-01", zone=UTC)


class Elements(HTMLParser):
    """The elements and attributes of a page, and its text without the evidence."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] not in ("script", "style"):
            self.text += f" {data}"

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]


def test_the_page_says_what_was_done_how_it_was_proved_and_what_was_not() -> None:
    context = ReportContext(
        TITLES,
        "0.1.0",
        "2026-11-01",
        notes={"me": ("on by default here since 2025-11-03",)},
        shots={("me", "age-range", "before"): png(30, 10), ("me", "connections", "after"): b"not a picture"},
        zone=UTC,
    )
    page = Elements(render(mixed_run(), context))
    text = " ".join(page.text.split())
    for words in (
        "5 of 9 settings are off (3 turned off and proved in this run, 1 more not offered here)",
        "AI training 1 of 1 off",
        "Data for Generative AI Improvement turned off on → off",
        "Read 2026-11-23 12:00:00 UTC",
        "Witnesses path, control id, label",
        "Selector relocated (similarity 0.93)",
        "Age range not saved by the site Before and after: on A fresh load of its page still says on.",
        "What to do: Try again with: optout run me --only age-range",
        "Affiliate sharing not offered",
        "Use my voice for assistants (on)",
        "Job information: found again by its witnesses. Keep the finding with: optout selectors record job-information",
        "On by default here since 2025-11-03.",
        "Program optout 0.1.0 Catalogue 2026-11-01",
    ):
        assert words in text
    images = [attributes["src"] for tag, attributes in page.elements if tag == "img"]
    assert len(images) == 1
    assert str(images[0]).startswith("data:image/png;base64,")


def test_the_page_takes_nothing_from_elsewhere() -> None:
    page = Elements(render(mixed_run(), CONTEXT))
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "form", "base")
        assert tag != "script" or attributes["type"] == "application/json"
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        assert "src" not in attributes or str(attributes["src"]).startswith("data:image/png;")
    policies = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert re.fullmatch(
        r"default-src 'none'; img-src data:; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'",
        str(policies[0]),
    )


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "</script><script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "'; --></style><!--",
            "{{ 7*7 }}{% raw %}",
            "javascript:alert(1)",
            'https://x.test/"onmouseover="alert(1)',
            '<meta name="optout-page-sha256" content="' + "0" * 64 + '">',
            "\ud800\u202e\x00",
        ]
    ),
)


def with_strings(texts: list[str]) -> RunResult:
    title, reason, url, witness, label = texts
    claim = SettingResult(
        "s",
        "g",
        title,
        Outcome.ALREADY_OFF,
        url or "u",
        State.OFF,
        State.OFF,
        reason,
        "v",
        NOON,
        (witness,),
        None,
        label,
    )
    return run(account(claim, unlisted=[Unlisted(label, url, State.ON)], reason=reason))


PLAIN = with_strings(["title", "reason", "https://x.test", "witness", "label"])


@given(st.lists(HOSTILE, min_size=5, max_size=5))
@settings(max_examples=100, deadline=None)
def test_no_string_adds_an_element_or_an_attribute(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    # A link and a reason may be missing from the shape, as the string decides; nothing else may differ.
    page = render(with_strings([texts[0] or "t", texts[1] or "r", *texts[2:3], texts[3], texts[4] or "l"]), CONTEXT)
    usual = [element for element in Elements(render(PLAIN, CONTEXT)).shape() if element[0] != "a"]
    shape = [element for element in Elements(page).shape() if element[0] != "a"]
    assert shape == usual
    links = [str(attributes["href"]) for tag, attributes in Elements(page).elements if tag == "a"]
    assert all(link.startswith(("http:", "https:", "HTTP")) for link in links)
    path = tmp_path_factory.getbasetemp() / "hostile.html"
    path.write_bytes(page.encode("utf-8"))
    assert verify_report(path).is_unchanged


def test_times_carry_their_zone() -> None:
    assert time_in_words(NOON, UTC) == "2026-11-23 12:00:00 UTC"
    assert time_in_words(NOON, timezone(timedelta(hours=5, minutes=30), "IST")) == "2026-11-23 17:30:00 IST (UTC+05:30)"
    assert time_in_words(NOON, timezone(timedelta(hours=-3))) == "2026-11-23 09:00:00 UTC-03:00"


def test_a_page_is_written_0600_in_a_0700_folder_and_never_over_another(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "reports"
    first, second = (write_report(folder, mixed_run(12), CONTEXT) for _ in range(2))
    assert (first.name, second.name) == ("optout-20261123T120000Z-run-12.html", "optout-20261123T120000Z-run-12.2.html")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, first)] == [0o700, 0o600]
    assert find_report(folder, 12) in (first, second)
    assert find_report(folder, 2) is None
    assert find_report(tmp_path / "none", 12) is None


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"^The report cannot be written into .*/file/reports .*optout report --write"):
        write_report(tmp_path / "file" / "reports", mixed_run(), CONTEXT)


@pytest.fixture
def sealed_page(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    result = recorded(tmp_path / "history.sqlite")
    with History.open(tmp_path / "history.sqlite") as history:
        return write_report(tmp_path, result, ReportContext.of(history, result.run_id or 0, TITLES))


def edit(page: Path, old: str, new: str, count: int = 1) -> None:
    text = page.read_bytes().decode("utf-8")
    assert old in text
    page.write_bytes(text.replace(old, new, count).encode("utf-8"))


def test_an_untouched_page_agrees_with_the_history(sealed_page: Path) -> None:
    with History.open(sealed_page.parent / "history.sqlite") as history:
        found = verify_report(sealed_page, history)
        assert found.is_unchanged
        assert found.explanation.endswith("and the history of this machine agrees.")
        assert found.digest == history.digest(3)
    assert verify_report(sealed_page).explanation.endswith("does not have the run to compare.")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("not saved by the site", "turned off", "something around them is not as it was written"),
        ("</body>", " </body>", "something around them is not as it was written"),
        ('"after":"on"', '"after":"off"', "do not have the SHA-256 that it shows"),
        ('"result":', '"result" ', "are no longer JSON"),
        ('<dd class="digest">', '<dd class="digests">', "missing or doubled"),
        ('<meta name="optout-page-sha256"', '<meta name="nothing"', "missing or doubled"),
    ],
)
def test_an_edited_page_is_found_out(sealed_page: Path, old: str, new: str, words: str) -> None:
    edit(sealed_page, old, new)
    found = verify_report(sealed_page)
    assert not found.is_unchanged
    assert words in found.explanation


def test_an_edited_history_is_found_out(sealed_page: Path) -> None:
    with History.open(sealed_page.parent / "history.sqlite") as history:
        history._database.execute("UPDATE readings SET document=replace(document, '\"off\"', '\"on\"')")
        found = verify_report(sealed_page, history)
    assert not found.is_unchanged
    assert found.explanation.endswith("and the history disagree about run 3: one of the two was changed later.")


@given(st.binary(max_size=400))
@settings(max_examples=50, deadline=None)
def test_another_file_is_no_report(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "other.html"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a report page of optout"):
        verify_report(path)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.html cannot be read \(No such file or directory\): name a"):
        verify_report(tmp_path / "none.html")


def test_a_chart_shows_on_as_thick_off_as_thin_and_absent_as_nothing() -> None:
    days = [NOON + timedelta(days=number) for number in range(5)]
    timeline = {
        "ai": (Point(days[0], State.ON), Point(days[0], State.OFF), Point(days[2], State.MIXED)),
        "ads": (Point(days[2], State.ABSENT),),
    }
    chart = chart_of(timeline, {"ai": "AI"}, days[4])
    assert chart is not None
    ai, ads = chart.rows
    assert [(bar.state, bar.x, bar.width, bar.height) for bar in ai.bars] == [
        (State.OFF, 0.0, 500.0, 2),
        (State.MIXED, 500.0, 500.0, 8),
    ]
    assert ai.marks == (0.0, 500.0)
    assert ai.words == "AI: on on 2026-11-23, off on 2026-11-23, partly on on 2026-11-25"
    assert (ads.title, ads.bars) == ("ads", ())


def test_one_moment_makes_no_chart() -> None:
    assert chart_of({"ai": (Point(NOON, State.ON), Point(NOON, State.OFF))}, {}, NOON) is None
    assert "When what was on" not in render(run(account(off("A"), setting("B", Outcome.FAILED, reason="x"))), CONTEXT)
