"""`optout notices` from the command line, against a real server: exit codes, JSON, and a plain terminal."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

FILLER = "<p>" + "A notice has more than twenty words, and these are some of them. " * 3 + "</p>"
OLD = f"<html lang=en><main><p>Effective November 3, 2025.</p>{FILLER}<p>We keep your posts.</p></main>"
NEW = f"<html lang=en><main><p>Effective January 1, 2027.</p>{FILLER}<p>We keep and share your posts.</p></main>"
SELECTORS = """\
format: 1
catalogue: 2026-11-23
languages:
  en: {{"on": [On], "off": [Off]}}
services:
  - id: forum
    title: Forum
    origin: {origin}
    main: [{{id: one, seen: 2026-01-01, evidence: A, css: main}}]
    groups: [{{id: ads, title: Ads}}]
    settings:
      - id: ads
        group: ads
        title: Ads
        paths: [{{id: one, seen: 2026-01-01, evidence: A, path: /ads}}]
        controls: [{{id: one, seen: 2026-01-01, evidence: A, css: input}}]
    notices: [{notices}]
"""


class Site:
    """A server whose one page the test sets."""

    def __init__(self) -> None:
        site = self
        self.status, self.body = 200, OLD

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = site.body.encode()
                self.send_response(site.status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Any:
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site() -> Any:
    with Site() as served:
        yield served


@pytest.fixture
def notices(site: Any, tmp_path: Any) -> Any:
    selectors = tmp_path / "selectors.yaml"
    notice = f"{{id: terms, title: Terms, url: '{site.origin}/terms'}}"
    selectors.write_text(SELECTORS.format(origin=site.origin, notices=notice))
    environment = {**os.environ, "OPTOUT_HOME": str(tmp_path / "home"), "LC_ALL": "C.UTF-8", "COLUMNS": "80"}

    def call(*arguments: Any) -> Any:
        return subprocess.run(
            [sys.executable, "-m", "optout", "notices", "--selectors", str(selectors), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            cwd=Path(__file__).parents[2],
            check=False,
            text=True,
        )

    return call


def test_the_exit_codes_follow_the_notice_from_first_to_accepted(site: Any, notices: Any) -> None:
    assert notices().returncode == 0
    assert notices().returncode == 0
    site.body = NEW
    assert [notices().returncode, notices("--accept").returncode, notices().returncode] == [1, 1, 0]
    site.status = 429
    assert notices().returncode == 2


def test_the_terminal_shows_the_words_that_changed_in_80_columns(site: Any, notices: Any) -> None:
    notices()
    site.body = NEW
    shown = notices().stdout
    assert "Effective [-November 3, 2025-] {+January 1, 2027+}." in shown
    assert "We keep {+and share+} your posts." in shown
    assert "! date: January 1, 2027" in shown
    assert "! newly mentions: sharing" in shown
    assert "When you have read this, keep the new text:\n  optout notices --accept\n" in shown
    assert "\x1b" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_json_is_one_document_alone_on_standard_output(site: Any, notices: Any) -> None:
    notices()
    site.body = NEW
    done = notices("--json")
    document = json.loads(done.stdout)
    assert (document["schema"], document["command"], document["exit_code"]) == (1, "notices", 1)
    (row,) = document["notices"]
    assert (row["service"], row["id"], row["status"]) == ("forum", "terms", "changed")
    assert (row["dates"], row["topics"]) == (["January 1, 2027"], ["sharing"])
    assert [change["kind"] for change in row["changes"]] == ["reworded", "reworded"]


def test_a_blocked_page_says_so_and_what_is_still_kept(site: Any, notices: Any) -> None:
    notices()
    site.status = 403
    done = notices()
    assert "not read: the site refuses programs here (HTTP 403); read it in a browser" in " ".join(done.stdout.split())
    assert "1 could not be read; nothing kept was lost." in " ".join(done.stdout.split())
    site.status = 200
    assert "unchanged since" in notices().stdout


def test_a_service_without_notices_is_refused_with_those_that_have_some(notices: Any) -> None:
    done = notices("--service", "nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No service 'nobody' of the selectors has notices to watch. There are: forum" in " ".join(
        done.stderr.split()
    )
