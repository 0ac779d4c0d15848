"""Where a password may go, and a session that ends while several pages are under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from optout.fleet import Orders
from optout.outcomes import AccountResult, Outcome, Status
from optout.practice.members import BY_ID
from optout.practice.records import Latency
from optout.practice.site import PracticeSite
from tests.harness import Bench, SharedBrowser
from tests.matrix import MEMBER

pytestmark = pytest.mark.browser
SUBMIT = "/checkpoint/lg/login-submit"
FORM = """<form method="post" action="/checkpoint/lg/login-submit"><input id="username" name="session_key">
  <input id="password" type="password" name="session_password"><button type="submit">Sign in</button></form>"""


@pytest.fixture(autouse=True)
def as_it_was(site: PracticeSite) -> Iterator[None]:
    yield
    site.rewrite = None


@pytest.fixture
def bench(tmp_path: Path, shared_browser: SharedBrowser) -> Bench:
    return Bench(tmp_path, shared_browser)


def run(site: PracticeSite, bench: Bench, only: Sequence[str] = ()) -> AccountResult:
    return bench.carry_out([bench.errand(site, MEMBER, only=only)], Orders("run")).accounts[0]


def test_a_base_element_that_sends_the_form_elsewhere_is_seen(site: PracticeSite, bench: Bench) -> None:
    def lead_away(path: str, html: str) -> str:
        moved = html.replace(f'action="{SUBMIT}"', f'action="{SUBMIT[1:]}"')
        return f'<base href="{site.elsewhere.origin}/">{moved}' if path == "/login" else html

    site.rewrite = lead_away
    account = run(site, bench, ["ads-age"])
    assert site.elsewhere.posts == ()
    assert (account.status, site.password_posts(MEMBER.username)) == (Status.FAILED, 0)
    assert "posts elsewhere" in (account.reason or "")


def test_a_field_that_hides_where_its_form_goes_hides_nothing(site: PracticeSite, bench: Bench) -> None:
    def hide(path: str, html: str) -> str:
        away = html.replace(f'action="{SUBMIT}"', f'action="{site.elsewhere.origin}{SUBMIT}"')
        return away.replace("<button", "<input type=hidden name=getAttribute><input type=hidden name=action><button", 1)

    site.rewrite = hide
    assert run(site, bench, ["ads-age"]).status is Status.FAILED
    assert (site.elsewhere.posts, site.password_posts(MEMBER.username)) == ((), 0)


def test_where_the_service_itself_passes_the_password_on_the_person_is_told(site: PracticeSite, bench: Bench) -> None:
    """Its own script changes the form's address at the last moment: nothing to be seen before."""
    script = f"""<script>document.querySelector('form').addEventListener('submit',
      (event) => {{ event.target.action = '{site.elsewhere.origin}{SUBMIT}'; }})</script>"""
    site.rewrite = lambda path, html: html + script if path == "/login" else html
    account = run(site, bench, ["ads-age"])
    assert len(site.elsewhere.posts) == 1, "the page did not do what it is to do here"
    assert account.status is Status.NEEDS_HUMAN
    assert account.reason is not None
    assert site.elsewhere.origin in account.reason
    assert "change the password of 'me'" in account.reason


def test_a_sign_out_while_many_pages_are_under_way_costs_one_password_and_no_setting(
    site: PracticeSite, tmp_path: Path
) -> None:
    bench = Bench(tmp_path)
    assert run(site, bench, ["ads-age"]).status is Status.DONE
    site.latency = Latency(0.25, 0.05, 0.1)
    seen: list[str] = []

    def end(path: str, html: str) -> str:
        seen.append(path)
        if len(seen) == 14:
            site.expire_sessions()
        return html

    site.rewrite = end
    account = run(site, bench)
    assert (account.status, account.reason) == (Status.DONE, None)
    proved = (Outcome.TURNED_OFF, Outcome.ALREADY_OFF)
    assert [(one.id, one.reason) for one in account.settings if one.outcome not in proved] == []
    assert site.password_posts(MEMBER.username) == 2


def test_one_page_that_always_asks_to_sign_in_costs_no_other_setting(site: PracticeSite, bench: Bench) -> None:
    asks = site.path_of(BY_ID["ads-groups"])
    site.rewrite = lambda path, html: FORM if path == asks else html
    account = run(site, bench, ["ads-groups", "ads-age", "ai-training"])
    assert account.status is Status.DONE
    assert {one.id: one.outcome for one in account.settings} == {
        "ai-training": Outcome.TURNED_OFF,
        "ads-age": Outcome.TURNED_OFF,
        "ads-groups": Outcome.FAILED,
    }
    assert site.password_posts(MEMBER.username) == 1


def test_a_form_that_nobody_knows_is_for_the_person(
    site: PracticeSite, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optout.signin.FORM_SECONDS", 2.0)
    site.rewrite = lambda path, html: '<form><input id="password" type="password"></form>' if path == "/login" else html
    account = run(site, bench, ["ads-age"])
    assert account.status is Status.NEEDS_HUMAN
    assert account.reason is not None
    assert account.reason.endswith("shows no form that the catalogue knows; sign in yourself: optout login me")
