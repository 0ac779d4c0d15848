"""Watched notices against a real server on loopback: what is text, what changed, and what loses nothing."""

import gzip
import itertools
import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from optout.catalogue.models import Notice, Service
from optout.errors import UsageError
from optout.notice_changes import Kind, Mark, compare, marked_words
from optout.notice_pages import LARGEST_BYTES, readable_paragraphs
from optout.notice_words import dates_in, topics_in
from optout.notices import NoticeStatus, Watch, check_notices, exit_code, kept_file

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FILLER = (
    "These are the words of a notice that is long enough to be taken for one, "
    "since twenty words are the least there can be."
)
OLD = f"<p>Effective November 3, 2025.</p><p>{FILLER}</p><p>We use your posts to show them to your connections.</p>"
NEW = (
    f"<p>Effective January 15, 2027.</p><p>{FILLER}</p>"
    "<p>We use your posts to show them to your connections and share them with affiliates.</p>"
    "<p>You can opt out of the training of AI models.</p>"
)


@dataclass
class Site:
    """What the server answers per path, and what it was asked."""

    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    origin: str = ""

    def put(self, path: Any, body: Any = "", status: Any = 200, **headers: Any) -> None:
        sent = {
            "Content-Type": "text/html; charset=utf-8",
            **{key.replace("_", "-"): value for key, value in headers.items()},
        }
        self.pages[path] = (status, sent, body if isinstance(body, bytes) else html(body).encode())

    def service(self, *paths: Any, **more: Any) -> Any:
        return Service.model_validate(
            {
                "id": "forum",
                "title": "Forum",
                "origin": self.origin,
                "main": [{"id": "one", "seen": "2026-01-01", "evidence": "A", "css": "main"}],
                "groups": [{"id": "ads", "title": "Ads"}],
                "slow_down": {"statuses": [429, 999]},
                "signin": {
                    "page": "/login",
                    "forms": [
                        {
                            "id": "one",
                            "seen": "2026-01-01",
                            "evidence": "A",
                            "username": "#u",
                            "password": "#p",
                            "submit": "button",
                        }
                    ],
                    "signed_in": {"paths": ["/feed"]},
                    "signed_out_paths": ["/authwall"],
                },
                "settings": [
                    {
                        "id": "ads",
                        "group": "ads",
                        "title": "Ads",
                        "controls": [{"id": "one", "seen": "2026-01-01", "evidence": "A", "css": "input"}],
                    }
                ],
                "notices": [
                    {"id": path.strip("/"), "title": path.strip("/").title(), "url": self.origin + path}
                    for path in paths
                ],
                **more,
            }
        )


def html(main: Any, lang: Any = "en") -> Any:
    body = f"<body><nav>Menu</nav><main>{main}</main><footer>2026</footer></body>"
    return f'<!doctype html><html lang="{lang}">{body}</html>'


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
            status, headers, body = site.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def site() -> Any:
    with serving(Site()) as served:
        yield served


@pytest.fixture
def watch(tmp_path: Any) -> Any:
    return Watch(tmp_path / "notices", "en", "1.2", lambda: NOON, lambda _: None)


def accepting(watch: Any) -> Any:
    return Watch(watch.folder, watch.language, "1.2", watch.clock, watch.pause, is_accepting=True)


def kept_text(watch: Any, notice_id: Any = "terms") -> Any:
    return kept_file(watch.folder, "forum", notice_id, watch.language).read_text(encoding="utf-8")


def one(results: Any) -> Any:
    assert len(results) == 1
    return results[0]


def test_a_first_text_is_kept_privately_and_is_no_change(site: Any, watch: Any) -> None:
    site.put("/terms", OLD)
    result = one(check_notices([site.service("/terms")], watch))
    assert (result.status, result.changes, exit_code((result,))) == (NoticeStatus.FIRST, (), 0)
    path = kept_file(watch.folder, "forum", "terms", "en")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(watch.folder.stat().st_mode) == 0o700
    assert json.loads(path.read_text())["paragraphs"][0] == "Effective November 3, 2025."


def test_the_same_text_in_other_markup_is_no_change(site: Any, watch: Any) -> None:
    service = site.service("/terms")
    site.put("/terms", OLD)
    check_notices([service], watch)
    site.put(
        "/terms",
        f"<div class=x8f><div>{OLD.replace('<p>', '<div><span>').replace('</p>', '</span></div>')}</div></div>",
    )
    result = one(check_notices([service], watch))
    assert (result.status, result.kept_at, exit_code((result,))) == (NoticeStatus.SAME, NOON, 0)


def test_a_change_is_shown_by_paragraph_until_it_is_accepted(site: Any, watch: Any) -> None:
    service = site.service("/terms")
    site.put("/terms", OLD)
    check_notices([service], watch)
    before = kept_text(watch)
    site.put("/terms", NEW)
    result = one(check_notices([service], watch))
    assert result.status is NoticeStatus.CHANGED
    assert [(change.kind, change.dates, change.topics) for change in result.changes] == [
        (Kind.REWORDED, ("January 15, 2027",), ()),
        (Kind.REWORDED, (), ("sharing",)),
        (Kind.ADDED, (), ("AI", "opt-out")),
    ]
    assert exit_code((result,)) == 1
    assert kept_text(watch) == before
    assert one(check_notices([service], accepting(watch))).status is NoticeStatus.CHANGED
    assert one(check_notices([service], watch)).status is NoticeStatus.SAME


def test_the_program_says_what_it_is_and_asks_for_privacy(site: Any, watch: Any) -> None:
    site.put("/terms", OLD)
    check_notices([site.service("/terms")], Watch(watch.folder, "de", "1.2", watch.clock, watch.pause))
    headers = site.asked[0][1]
    assert headers["user-agent"].startswith("optout/1.2 ")
    assert headers["sec-gpc"] == "1"
    assert headers["accept-language"] == "de, en;q=0.3"
    assert "authorization" not in headers
    assert "cookie" not in headers


def test_no_password_of_netrc_is_sent(site: Any, watch: Any, tmp_path: Any, monkeypatch: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password marked\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    site.put("/terms", OLD)
    check_notices([site.service("/terms")], watch)
    assert "authorization" not in site.asked[0][1]


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "forbidden": ({"status": 403}, "the site refuses programs here (HTTP 403); read it in a browser"),
    "slow-down": ({"status": 429}, "the site asked to slow down (HTTP 429); try again tomorrow"),
    "own slow-down": ({"status": 999}, "the site asked to slow down (HTTP 999); try again tomorrow"),
    "server error": ({"status": 500}, "the site answered with HTTP 500"),
    "gone": ({"status": 404}, "the site answered with HTTP 404"),
    "a PDF": ({"body": b"%PDF", "Content_Type": "application/pdf"}, "it is no page of text but application/pdf"),
    "empty": ({"body": ""}, "the page came without its text"),
    "a script's shell": ({"body": "<script>" + FILLER + "</script>"}, "the page came without its text"),
    "sign-in": (
        {"status": 302, "Location": "/authwall?session_redirect=%2Fterms"},
        "it asks for a sign-in (/authwall); read it in a browser where you are signed in",
    ),
    "sign-in in place": (
        {"body": f"<p>{FILLER}</p><input type=password>"},
        "it asks for a sign-in; read it in a browser where you are signed in",
    ),
    "elsewhere": (
        {"status": 302, "Location": "https://evil.example/terms"},
        "it was redirected to https://evil.example, which is not the same site over https",
    ),
    "another port": (
        {"status": 302, "Location": "http://127.0.0.1:1/terms"},
        "it was redirected to http://127.0.0.1:1, which is not the same site over https",
    ),
    "a file": (
        {"status": 302, "Location": "file:///etc/passwd"},
        "it was redirected to file://, which is not the same site over https",
    ),
    "in circles": ({"status": 302, "Location": "/terms"}, "it was redirected more than 5 times"),
    "too large": ({"body": b"<main>" + b"word " * (LARGEST_BYTES // 5)}, "it is larger than 5 MB"),
    "a bomb": (
        {"body": gzip.compress(b"word " * 4_000_000), "Content_Encoding": "gzip"},
        "it is larger than 5 MB",
    ),
    "another language": (
        {"body": html(OLD, lang="fr").encode()},
        "it came in another language (fr) than the kept text (en)",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_the_notice_is_named_and_the_kept_text_stays(site: Any, watch: Any, name: Any) -> None:
    answer, reason = REFUSALS[name]
    service = site.service("/terms")
    site.put("/terms", OLD)
    check_notices([service], watch)
    before = kept_text(watch)
    site.put("/terms", **answer)
    result = one(check_notices([service], accepting(watch)))
    assert (result.status, result.reason, result.kept_at) == (NoticeStatus.UNREAD, reason, NOON)
    assert exit_code((result,)) == 2
    assert kept_text(watch) == before


def test_offline_is_said_and_the_kept_text_stays(site: Any, watch: Any) -> None:
    service = site.service("/terms")
    site.put("/terms", OLD)
    check_notices([service], watch)
    before = kept_text(watch)
    gone = Site()
    with serving(gone):
        pass
    unreachable = service.model_copy(
        update={"notices": (Notice(id="terms", title="Terms", url=gone.origin + "/terms"),)}
    )
    result = one(check_notices([unreachable], watch))
    assert (result.status, result.reason) == (NoticeStatus.UNREAD, "it could not be reached; is this machine online?")
    assert kept_text(watch) == before


def test_after_a_slow_down_the_services_other_pages_are_left_alone(site: Any, watch: Any) -> None:
    site.put("/one", status=999)
    site.put("/two", OLD)
    first, second = check_notices([site.service("/one", "/two")], watch)
    assert [path for path, _ in site.asked] == ["/one"]
    assert first.status is second.status is NoticeStatus.UNREAD
    assert second.reason == "not asked for: the site asked to slow down (HTTP 999); try again tomorrow"


def test_one_unread_page_does_not_hide_the_change_of_another(site: Any, watch: Any) -> None:
    service = site.service("/one", "/two")
    site.put("/one", OLD)
    site.put("/two", OLD)
    check_notices([service], watch)
    site.put("/one", status=500)
    site.put("/two", NEW)
    results = check_notices([service], watch)
    assert [result.status for result in results] == [NoticeStatus.UNREAD, NoticeStatus.CHANGED]
    assert exit_code(results) == 1


def test_a_redirect_on_the_same_site_is_followed(site: Any, watch: Any) -> None:
    site.put("/terms", status=301, Location="/legal/terms?v=2")
    site.put("/legal/terms?v=2", OLD)
    assert one(check_notices([site.service("/terms")], watch)).status is NoticeStatus.FIRST


def test_another_persons_language_is_a_text_of_its_own(site: Any, watch: Any) -> None:
    service = site.service("/terms")
    site.put("/terms", OLD)
    check_notices([service], watch)
    site.put("/terms", html(NEW, lang="de").encode())
    german = Watch(watch.folder, "de", "1.2", watch.clock, watch.pause)
    assert one(check_notices([service], german)).status is NoticeStatus.FIRST
    assert len(list(watch.folder.iterdir())) == 2


def test_pages_of_a_service_on_another_host_are_paced(site: Any, watch: Any) -> None:
    waits: list[Any] = []
    site.put("/one", OLD)
    site.put("/two", OLD)
    service = site.service("/one", "/two", pace_seconds=3).model_copy(update={"origin": "https://forum.example"})
    check_notices([service], Watch(watch.folder, "en", "1.2", watch.clock, waits.append))
    assert waits == [3.0]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 1, "paragraphs": ["a"], "digest": "no"}']
)
def test_a_damaged_kept_text_is_put_aside_and_said(site: Any, watch: Any, content: Any) -> None:
    service = site.service("/terms")
    site.put("/terms", OLD)
    check_notices([service], watch)
    path = kept_file(watch.folder, "forum", "terms", "en")
    path.write_bytes(content)
    result = one(check_notices([service], watch))
    assert result.status is NoticeStatus.FIRST
    aside = path.with_suffix(".damaged")
    assert result.reason == f"the text kept before was damaged; it is now {aside}, and today's text is kept instead"
    assert aside.read_bytes() == content
    assert one(check_notices([service], watch)).status is NoticeStatus.SAME


def test_a_kept_text_of_a_newer_version_is_refused(site: Any, watch: Any) -> None:
    service = site.service("/terms")
    site.put("/terms", OLD)
    check_notices([service], watch)
    path = kept_file(watch.folder, "forum", "terms", "en")
    path.write_text('{"format": 2}')
    with pytest.raises(UsageError) as refusal:
        check_notices([service], watch)
    assert (
        str(refusal.value) == f"{path} was written by a newer version of this program. Update it: pipx upgrade optout"
    )
    assert path.read_text() == '{"format": 2}'


def test_a_folder_that_cannot_be_written_is_a_usage_error(site: Any, watch: Any, tmp_path: Any) -> None:
    (tmp_path / "file").write_text("")
    site.put("/terms", OLD)
    with pytest.raises(UsageError, match="cannot be made: one of its parents is a file"):
        check_notices(
            [site.service("/terms")], Watch(tmp_path / "file" / "notices", "en", "1.2", watch.clock, watch.pause)
        )
    assert site.asked == []


def paragraphs(markup: Any) -> Any:
    return readable_paragraphs(BeautifulSoup(markup, "html.parser"), ("main",))


def test_text_is_taken_by_paragraph_with_folded_answers_and_without_scripts() -> None:
    markup = (
        f"<main><h1>Notice</h1><p>One <b>bold</b> word, <a href=x>two</a>.</p><ul><li>First<li>Second</ul>"
        f"<div hidden>A folded answer.</div><!-- a comment --><script>var x</script><div>Before<p>inside</p>after</div>"
        f"<table><tr><td>a<td>b</table><p>{FILLER}</p></main>"
    )
    assert paragraphs(markup) == (
        "Notice",
        "One bold word, two.",
        "First",
        "Second",
        "A folded answer.",
        "Before",
        "inside",
        "after",
        "a",
        "b",
        FILLER,
    )


def test_a_bare_main_region_gives_way_to_the_body_without_its_frame() -> None:
    markup = (
        f"<body><header>Top</header><main>Loading</main><section><p>{FILLER}</p></section><footer>End</footer></body>"
    )
    assert paragraphs(markup) == ("Loading", FILLER)


def test_control_characters_never_reach_the_terminal() -> None:
    text = paragraphs(f"<main><p>red \x1b[31m alert\u200b and \u202eback {FILLER}</p></main>")[0]
    assert text.startswith("red [31m alert and back ")


def test_a_deeply_nested_page_is_read() -> None:
    depth = 3000
    assert paragraphs(f"<main>{'<div>' * depth}{FILLER}{'</div>' * depth}</main>") == (FILLER,)


def test_a_moved_paragraph_is_no_change() -> None:
    assert compare(("a one", "b two", "c three"), ("c three", "a one", "b two")) == ()


def test_a_paragraph_that_moved_and_one_that_went_are_told_apart() -> None:
    changes = compare(("alpha", "beta", "gamma"), ("gamma", "alpha"))
    assert [(change.kind, change.before) for change in changes] == [(Kind.REMOVED, "beta")]


def test_a_doubled_paragraph_that_loses_one_copy_is_a_change() -> None:
    assert [change.kind for change in compare(("x y", "x y"), ("x y",))] == [Kind.REMOVED]


def test_a_reworded_paragraph_is_paired_with_its_likest() -> None:
    changes = compare(
        ("We keep logs for ten days.", "We never sell your data."),
        ("We may sell your data.", "We keep logs for ninety days."),
    )
    assert [(change.before, change.after) for change in changes] == [
        ("We never sell your data.", "We may sell your data."),
        ("We keep logs for ten days.", "We keep logs for ninety days."),
    ]


def test_words_are_marked_where_they_differ() -> None:
    assert marked_words("We never sell data.", "We may sell data.") == (
        (Mark.SAME, "We "),
        (Mark.REMOVED, "never "),
        (Mark.ADDED, "may "),
        (Mark.SAME, "sell data."),
    )


@given(st.lists(st.text("ab .", max_size=12), max_size=8), st.lists(st.text("ab .", max_size=12), max_size=8))
def test_every_change_and_nothing_else_is_reported(before: Any, after: Any) -> None:
    changes = compare(tuple(before), tuple(after))
    kept = sorted(before)
    for change in changes:
        if change.before:
            kept.remove(change.before)
        if change.after:
            kept.append(change.after)
    assert sorted(text for text in kept if text) == sorted(text for text in after if text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_marked_words_hold_both_wordings(before: Any, after: Any) -> None:
    words = marked_words(before, after)
    assert "".join(text for mark, text in words if mark is not Mark.ADDED) == before
    assert "".join(text for mark, text in words if mark is not Mark.REMOVED) == after


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Effective November 3, 2025", ("November 3, 2025",)),
        ("gültig ab 3. November 2025", ("3. November 2025",)),
        ("ab dem 03.11.2025", ("03.11.2025",)),
        ("à compter du 1er janvier 2027", ("1er janvier 2027",)),
        ("desde el 3 de noviembre de 2025", ("3 de noviembre de 2025",)),
        ("dal 1º gennaio 2027 e 2027-01-02", ("1º gennaio 2027", "2027-01-02")),
        ("May we march in 2025? 3 apples", ()),
    ],
)
def test_dates_are_found_in_five_languages(text: Any, dates: Any) -> None:
    assert dates_in(text) == dates


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("We share data with third parties.", {"sharing"}),
        ("Sie können widersprechen.", {"opt-out"}),
        ("Vous pouvez désactiver l'IA.", {"opt-out", "AI"}),
        ("condividiamo ai fini di ricerca", {"sharing"}),
        ("to train our generative models", {"AI"}),
        ("A market of objects", set()),
    ],
)
def test_topics_are_found_in_five_languages(text: Any, topics: Any) -> None:
    assert topics_in(text) == topics


def test_the_exit_code_of_nothing_watched_is_zero() -> None:
    assert exit_code(()) == 0


def test_exit_codes_over_all_pairs_of_statuses(site: Any, watch: Any) -> None:
    site.put("/terms", OLD)
    result = one(check_notices([site.service("/terms")], watch))
    codes = {}
    for pair in itertools.product(NoticeStatus, repeat=2):
        row = tuple(type(result)("s", "i", "t", "u", status) for status in pair)
        codes[pair] = exit_code(row)
    assert {pair for pair, code in codes.items() if code == 2} == {(NoticeStatus.UNREAD, NoticeStatus.UNREAD)}
    assert {pair for pair, code in codes.items() if code == 1} == {
        pair for pair in codes if NoticeStatus.CHANGED in pair
    }
