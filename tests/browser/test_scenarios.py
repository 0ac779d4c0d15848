"""Every scenario of the practice site, played once and judged against the site's own truth."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import abort

from optout.browser import launch, tab
from optout.fleet import Orders
from optout.outcomes import AccountResult, Outcome, Status
from optout.practice.members import BY_ID
from optout.practice.scenarios import SCENARIOS
from optout.practice.site import PracticeSite
from optout.report.progress import QuietProgress
from tests.harness import Bench, Nobody, SharedBrowser, wanted_browser
from tests.matrix import MEMBER, Findings, Matrix, Played, as_text, judge, scope_of
from tests.scenario_table import scenario_table

pytestmark = pytest.mark.browser
NAMES = tuple(scenario.name for scenario in SCENARIOS)


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, matrix: Matrix) -> Iterator[dict[str, Future[Played]]]:
    """The scenarios that were asked for, begun in the background: several browsers wait better than one."""
    wanted = [name for item in request.session.items if (name := _scenario_of(item))]
    futures = matrix.begin(wanted)
    yield futures
    for future in futures.values():
        future.cancel()


def _scenario_of(item: pytest.Item) -> str | None:
    is_one = isinstance(item, pytest.Function) and item.originalname == "test_scenario"
    return item.name.removeprefix("test_scenario[").removesuffix("]") if is_one else None


@pytest.mark.parametrize("name", NAMES)
def test_scenario(played: dict[str, Future[Played]], name: str) -> None:
    findings = judge(played[name].result(timeout=600))
    assert as_text(findings) == []
    assert findings == Findings()


def test_a_claim_carries_its_proof_and_a_refusal_its_reason(site: PracticeSite, bench: Bench) -> None:
    site.use("two-equal-candidates")
    errand = bench.errand(site, MEMBER, only=["ads-age", "ads-connections"])
    began = datetime.now(UTC) - timedelta(seconds=1)
    settings = {one.id: one for one in bench.carry_out([errand], Orders("run")).accounts[0].settings}
    claim, refusal = settings["ads-connections"], settings["ads-age"]
    assert (claim.outcome, claim.url, claim.selector, claim.reason) == (
        Outcome.TURNED_OFF,
        f"{site.origin}/mypreferences/d/settings/ads-connections",
        claim.selector,
        None,
    )
    assert claim.selector
    assert claim.checked_at is not None
    assert claim.checked_at >= began.replace(microsecond=0)
    assert (refusal.outcome, refusal.url, refusal.selector, refusal.checked_at) == (
        Outcome.NOT_FOUND,
        None,
        None,
        None,
    )
    assert refusal.reason is not None
    assert refusal.reason.endswith("; nothing was clicked")


@pytest.mark.parametrize(("only", "told"), [(["ads-off-linkedin"], 1), (["ads-off-linkedin", "affiliate-sharing"], 0)])
def test_what_was_left_out_and_may_have_gone_off_too_is_named(
    site: PracticeSite, bench: Bench, monkeypatch: pytest.MonkeyPatch, only: list[str], told: int
) -> None:
    said: list[str] = []
    monkeypatch.setattr(QuietProgress, "tell", lambda _, account, text: said.append(f"{account}: {text}"))
    bench.carry_out([bench.errand(site, MEMBER, only=only)], Orders("run"))
    left_out = "me: Share data with affiliates and partners, which this run leaves out, may have gone off with "
    assert said == [f"{left_out}Ads off LinkedIn"] * told


def test_readings_that_disagree_are_both_in_the_reason(site: PracticeSite, bench: Bench) -> None:
    site.use("index-wrong")
    errand = bench.errand(site, MEMBER, only=["ads-age"])
    setting = bench.carry_out([errand], Orders("run")).accounts[0].settings[0]
    assert setting.outcome is Outcome.UNREADABLE
    assert setting.reason == (
        "two readings disagree, so nothing was clicked: "
        f"on on {site.origin}/mypreferences/d/settings/ads-by-age; "
        f"but off on {site.origin}/mypreferences/d/categories/ads"
    )
    assert [one for one in site.operations if one.setting_id == "ads-age"] == []


def test_a_question_that_is_not_answered_is_the_reason_why_nothing_was_saved(site: PracticeSite, bench: Bench) -> None:
    site.use("unknown-dialog")
    account = bench.carry_out([bench.errand(site, MEMBER, only=["ads-age"])], Orders("run")).accounts[0]
    assert [(one.outcome, one.reason) for one in account.settings] == [
        (
            Outcome.NOT_SAVED,
            'the page asked a question that is yours to answer ("Before you go Would you like to see what else is '
            'new?"), and the change was not kept; after 2 tries a fresh page still says on',
        )
    ]


def test_a_dry_run_writes_nothing_to_the_site(site: PracticeSite, bench: Bench) -> None:
    errand = bench.errand(site, MEMBER, only=["ads-age", "ads-education", "ai-training"])
    result = bench.carry_out([errand], Orders("run", dry_run=True))
    assert [one.outcome for one in result.accounts[0].settings] == [Outcome.WOULD_TURN_OFF] * 3
    assert (int(result.exit_code), site.operations) == (0, ())
    assert {request.method for request in site.requests if not request.path.startswith("/checkpoint")} == {"GET"}


def test_an_emailed_code_is_asked_for_once_and_typed(site: PracticeSite, bench: Bench) -> None:
    site.use("emailed-code")
    asked: list[str] = []

    def code() -> str | None:
        asked.append("asked")
        return site.last_code(MEMBER.username)

    bench = replace(bench, person=Nobody(code))
    account = bench.carry_out([bench.errand(site, MEMBER, only=["ads-age"])], Orders("run")).accounts[0]
    assert (account.status, [one.outcome for one in account.settings]) == (Status.DONE, [Outcome.TURNED_OFF])
    assert (asked, site.password_posts(MEMBER.username)) == (["asked"], 1)


def test_a_code_form_that_is_shown_late_is_waited_for(site: PracticeSite, bench: Bench) -> None:
    site.use("emailed-code")
    late = "<script>setTimeout(() => document.querySelector('form').hidden = false, 700)</script>"

    def hide(path: str, html: str) -> str:
        return html.replace("<form", "<form hidden", 1) + late if path.startswith("/checkpoint/challenge/") else html

    site.rewrite = hide
    try:
        bench = replace(bench, person=Nobody(lambda: site.last_code(MEMBER.username)))
        account = bench.carry_out([bench.errand(site, MEMBER, only=["ads-age"])], Orders("run")).accounts[0]
    finally:
        site.rewrite = None
    assert (account.reason, [one.outcome for one in account.settings]) == (None, [Outcome.TURNED_OFF])


def test_a_wrong_code_is_typed_once_and_no_more(site: PracticeSite, bench: Bench) -> None:
    site.use("emailed-code")
    bench = replace(bench, person=Nobody(lambda: "000000"))
    account = bench.carry_out([bench.errand(site, MEMBER, only=["ads-age"])], Orders("run")).accounts[0]
    assert account.status is Status.NEEDS_HUMAN
    assert account.reason is not None
    assert account.reason.startswith("the code was not accepted. ")
    assert (site.operations, site.password_posts(MEMBER.username)) == ((), 1)


def test_with_a_kept_session_a_sign_out_in_mid_run_costs_one_password_and_the_run_goes_on(
    site: PracticeSite, tmp_path: Path
) -> None:
    """The password is tried at most once per run: here it is still unused when the session ends."""
    only = ["ai-training", "ads-age", "ads-groups", "ads-connections"]
    bench = Bench(tmp_path)
    first = bench.carry_out([bench.errand(site, MEMBER, only=only)], Orders("run", dry_run=True))
    assert first.accounts[0].status is Status.DONE
    assert site.password_posts(MEMBER.username) == 1
    _end_sessions_once(site)
    account = bench.carry_out([bench.errand(site, MEMBER, only=only)], Orders("run")).accounts[0]
    assert (account.status, account.reason) == (Status.DONE, None)
    assert [one.outcome for one in account.settings] == [Outcome.TURNED_OFF] * 4
    assert site.password_posts(MEMBER.username) == 2
    assert [site.truth(MEMBER.username)[one] for one in only] == ["off"] * 4


def _end_sessions_once(site: PracticeSite) -> None:
    """Sign everybody out as soon as a setting's page is loaded, once."""

    def end(path: str, html: str) -> str:
        if "/settings/" in path:
            site.rewrite = None
            site.expire_sessions()
        return html

    site.rewrite = end


def test_a_page_whose_script_never_ends_costs_no_other_setting(
    site: PracticeSite, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tabs share processes: those beside the one that hangs are loaded anew, where it can be ended (not in Firefox)."""
    monkeypatch.setattr(tab, "CALL_SECONDS", 5.0)
    monkeypatch.setattr(tab, "PATIENT_CALL_SECONDS", 8.0)
    hangs = site.path_of(BY_ID["ads-groups"])
    site.rewrite = lambda path, html: html + '<details open ontoggle="for (;;);">' if path == hangs else html
    try:
        account = bench.carry_out([bench.errand(site, MEMBER)], Orders("run")).accounts[0]
    finally:
        site.rewrite = None
    outcomes = {one.id: one.outcome for one in account.settings}
    assert outcomes.pop("ads-groups") is Outcome.FAILED
    allowed = {Outcome.TURNED_OFF, *([Outcome.FAILED] if wanted_browser() == "firefox" else [])}
    assert [
        (one.id, one.reason) for one in account.settings if outcomes.get(one.id, Outcome.TURNED_OFF) not in allowed
    ] == []
    assert {one: site.truth(MEMBER.username)[one] for one, what in outcomes.items() if what is Outcome.TURNED_OFF} == {
        one: "off" for one, what in outcomes.items() if what is Outcome.TURNED_OFF
    }


@pytest.mark.parametrize("late", ["/settings/", "/categories/ads"])
def test_a_page_that_only_answers_late_is_given_more_time(
    site: PracticeSite, bench: Bench, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """As on a busy machine: no answer within the usual time, neither before the click nor after it, but one later."""
    monkeypatch.setattr(tab, "CALL_SECONDS", 1.0)
    slow = '<details open ontoggle="for (const end = Date.now() + 2500; Date.now() < end;);">'
    site.rewrite = lambda at, html: html + slow if late in at else html
    try:
        account = bench.carry_out([bench.errand(site, MEMBER, only=["ads-age"])], Orders("run")).accounts[0]
    finally:
        site.rewrite = None
    assert [(one.outcome, one.reason) for one in account.settings] == [(Outcome.TURNED_OFF, None)]


def test_a_page_that_fails_once_before_the_click_and_once_after_it_is_proved(
    site: PracticeSite, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, failed = site.path_of(BY_ID["ads-age"]), []

    def fail_in_turn(at: str, html: str) -> str:
        clicks = len(site.operations)
        if at == path and clicks not in failed:
            failed.append(clicks)
            abort(503)
        return html

    monkeypatch.setattr(site, "rewrite", fail_in_turn)
    account = bench.carry_out([bench.errand(site, MEMBER, only=["ads-age"])], Orders("run")).accounts[0]
    assert [(one.outcome, one.reason) for one in account.settings] == [(Outcome.TURNED_OFF, None)]
    assert (failed, len(site.operations)) == ([0, 1], 1)


def test_a_browser_that_holds_back_the_timers_of_hidden_tabs_is_waited_for(
    site: PracticeSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wrong state stays a whole second then, longer than a reading has to last on the clock."""
    throttling = re.compile("background.timer|background.timeout|timeout.*throttling|renderer-backgrounding|occluded")
    arguments = tuple(one for one in launch.CHROMIUM_ARGUMENTS if not throttling.search(one))
    preferences = tuple(one for one in launch.FIREFOX_PREFERENCES if not throttling.search(one[0]))
    monkeypatch.setattr(launch, "CHROMIUM_ARGUMENTS", arguments)
    monkeypatch.setattr(launch, "FIREFOX_PREFERENCES", preferences)
    site.use("wrong-then-right")
    bench = Bench(tmp_path)
    only = ["ads-age", "ads-gender", "ads-connections", "ads-groups"]
    account = bench.carry_out([bench.errand(site, MEMBER, only=only)], Orders("run")).accounts[0]
    assert [(one.outcome, one.reason) for one in account.settings] == [(Outcome.TURNED_OFF, None)] * 4
    assert sorted((one.setting_id, one.after) for one in site.operations) == sorted((one, "off") for one in only)


@pytest.mark.parametrize("only", [["ads-age", "ads-gender"], ["ads-off-linkedin", "affiliate-sharing"]])
def test_a_run_that_ends_before_the_index_confirms_claims_nothing(
    site: PracticeSite, bench: Bench, only: list[str]
) -> None:
    """Every own page says off, but the index at the end cannot be read any more: that is half a proof."""
    account = _run_until_the_index_is_read_again(site, bench, only)
    assert (account.status, [str(one.outcome) for one in account.settings]) == (
        Status.NEEDS_HUMAN,
        ["failed"] * len(only),
    )
    assert all("before its index could confirm that" in (one.reason or "") for one in account.settings)
    assert [site.truth(MEMBER.username)[one] for one in only] == ["off"] * len(only)


def _run_until_the_index_is_read_again(site: PracticeSite, bench: Bench, only: list[str]) -> AccountResult:
    """Signed out as soon as every setting was seen off, the index at the end excepted; the password was used before."""
    paths = {site.path_of(BY_ID[one]): one for one in only}
    seen_off: set[str] = set()
    all_seen, index_loads = threading.Event(), itertools.count(1)

    def watch(path: str, html: str) -> str:
        if path in paths and site.truth(MEMBER.username)[paths[path]] == "off":
            seen_off.add(paths[path])
            if len(seen_off) == len(only):
                all_seen.set()
        if path.endswith("/categories/ads") and next(index_loads) > 1:
            all_seen.wait(20)
            site.expire_sessions()
            return ""
        return html

    site.rewrite = watch
    try:
        return bench.carry_out([bench.errand(site, MEMBER, only=only)], Orders("run")).accounts[0]
    finally:
        site.rewrite = None


def test_an_index_that_has_lost_most_of_its_rows_proves_no_absence(site: PracticeSite, bench: Bench) -> None:
    """The control is gone and so is its row, but so are most other rows: the index did not load whole."""
    site.use("region-absent")

    def without_rows(path: str, text: str) -> str:
        return re.sub(r"<li\b.*?</li>", "", text, flags=re.S) if "categories/ads" in path else text

    site.rewrite = without_rows
    try:
        account = bench.carry_out([bench.errand(site, MEMBER, only=["ads-inferred-location"])], Orders("run")).accounts[
            0
        ]
    finally:
        site.rewrite = None
    assert [one.outcome for one in account.settings] == [Outcome.NOT_FOUND]


def test_the_wanted_settings_of_a_scenario_are_those_that_it_is_about() -> None:
    scopes = {scenario.name: scope_of(scenario) for scenario in SCENARIOS}
    assert all(
        not scope or frozenset().union(*scenario.faults.values()) & set(scope) or not scenario.faults
        for scenario, scope in zip(SCENARIOS, scopes.values(), strict=True)
    )
    assert all(not scope or {"ads-connections", "ads-display-format"} <= set(scope) for scope in scopes.values())


def test_the_table_of_scenarios_is_up_to_date() -> None:
    document = Path(__file__).parents[2] / "docs" / "scenarios.md"
    assert document.read_text(encoding="utf-8") == scenario_table(), (
        "docs/scenarios.md is out of date: python -m benchmarks.faults --write-docs"
    )


@pytest.fixture
def bench(tmp_path: Path, shared_browser: SharedBrowser) -> Bench:
    """A home of its own, the shared browser."""
    return Bench(tmp_path, shared_browser)
