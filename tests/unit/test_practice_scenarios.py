"""The scenarios: each is whole, and each does over plain HTTP what its sentence says."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest

from optout.outcomes import ExitCode, Outcome, Status
from optout.practice.faults import Fault, Scenario, SiteFault
from optout.practice.members import BY_ID, DEFAULT_IDS
from optout.practice.records import DEFAULT_USERNAME
from optout.practice.scenarios import SCENARIOS
from optout.practice.site import PracticeSite
from tests.unit.test_practice_site import ADS, AGE, Visitor, is_checked, member_under, values_of_rows, wait_until

ME = DEFAULT_USERNAME
GROUPS = BY_ID["ads-groups"].path
PRIVACY = "/mypreferences/d/categories/privacy"


@pytest.fixture(scope="module")
def site() -> Iterator[PracticeSite]:
    with PracticeSite() as running:
        yield running


def test_names_are_unique_and_every_fault_is_played() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names))
    assert {fault for scenario in SCENARIOS for fault in scenario.faults} == set(Fault)
    assert {fault for scenario in SCENARIOS for fault in scenario.site_faults} == set(SiteFault)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_a_scenario_names_only_known_settings_and_outcomes(site: PracticeSite, scenario: Scenario) -> None:
    site.use(scenario.name)
    expected = scenario.expected
    known = set(site.truth(ME)) | {"dialog/continue", "dialog/later"}
    assert set().union(*scenario.faults.values(), scenario.off_at_start) <= set(BY_ID)
    assert set(expected.outcomes) <= set(DEFAULT_IDS)
    assert scenario.must_stay <= known
    assert expected.default.union(*expected.outcomes.values()) <= set(Outcome)
    assert expected.status <= set(Status)
    assert expected.exit_codes <= {int(code) for code in ExitCode}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_exit_code_0_is_expected_only_where_everything_can_be_off(scenario: Scenario) -> None:
    off = {"turned-off", "already-off", "not-offered"}
    expected = scenario.expected
    can_be_off = all(expected.acceptable(setting) & off for setting in DEFAULT_IDS)
    must_be_off = all(expected.acceptable(setting) <= off for setting in DEFAULT_IDS)
    assert 0 not in expected.exit_codes or can_be_off
    assert expected.exit_codes == {0} or not must_be_off


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_what_must_stay_is_never_expected_to_be_turned_off(scenario: Scenario) -> None:
    claimed = {setting for setting in DEFAULT_IDS if "turned-off" in scenario.expected.acceptable(setting)}
    assert claimed & scenario.must_stay == set()


@pytest.mark.parametrize("scenario", [each for each in SCENARIOS if not each.sign_in], ids=lambda each: each.name)
def test_plain_settings_are_left_in_peace_by_every_scenario(site: PracticeSite, scenario: Scenario) -> None:
    visitor = member_under(site, scenario.name)
    path = site.path_of(BY_ID["ads-display-format"])
    assert visitor.get(path).status == 200
    assert is_checked(visitor.data(path)["html"]) == ("ads-display-format" not in scenario.off_at_start)
    assert visitor.save("ads-display-format", on=False).status == 200
    assert site.truth(ME)["ads-display-format"] == "off"


@pytest.mark.parametrize(
    ("scenario", "status", "truth"),
    [("save-refused-500", 500, "on"), ("save-refused-silently", 200, "on"), ("plain", 200, "off")],
)
def test_a_refused_save_is_recorded_and_not_kept(site: PracticeSite, scenario: str, status: int, truth: str) -> None:
    visitor = member_under(site, scenario)
    assert visitor.save("ads-age", on=False).status == status
    assert site.truth(ME)["ads-age"] == truth
    assert [(operation.after, operation.kept) for operation in site.operations] == [("off", truth == "off")]


def test_a_reverted_save_is_off_and_then_on_again(site: PracticeSite) -> None:
    member_under(site, "save-reverted").save("ads-age", on=False)
    assert site.truth(ME)["ads-age"] == "off"
    assert wait_until(lambda: site.truth(ME)["ads-age"] == "on")


def test_a_revert_does_not_reach_into_the_next_scenario(site: PracticeSite) -> None:
    member_under(site, "save-reverted").save("ads-age", on=False)
    site.use("all-off")
    threading.Event().wait(1.2)
    assert site.truth(ME)["ads-age"] == "off"


def test_a_shared_cache_answers_off_unless_it_is_bypassed(site: PracticeSite) -> None:
    visitor = member_under(site, "stale-http-cache")
    gender = BY_ID["ads-gender"].path
    assert not is_checked(visitor.data(gender)["html"])
    assert is_checked(visitor.data(gender, **{"Cache-Control": "no-cache"})["html"])
    assert visitor.get(AGE).headers["Cache-Control"] == "private, max-age=3600"


def test_a_stale_index_shows_on_after_off_and_a_wrong_one_the_opposite(site: PracticeSite) -> None:
    visitor = member_under(site, "index-stale")
    visitor.save("ads-age", on=False)
    assert values_of_rows(visitor.data(ADS)["html"])["Age range"] == "On"
    rows = values_of_rows(member_under(site, "index-wrong").data(ADS)["html"])
    assert (rows["Age range"], rows["Profile location"], rows["Groups"]) == ("Off", "On", "On")


def test_an_index_in_batches_comes_whole_in_the_end(site: PracticeSite) -> None:
    whole = values_of_rows(member_under(site, "plain").data(ADS)["html"])
    visitor = member_under(site, "index-in-batches")
    html = visitor.data(ADS)["html"]
    seen = values_of_rows(html)
    assert 0 < len(seen) < len(whole)
    while 'data-more="' in html:
        address = html.split('data-more="')[1].split('"')[0].replace("&amp;", "&")
        html = json.loads(visitor.get(address).text)["html"]
        seen |= values_of_rows(html)
    assert seen == whole


def test_a_folded_index_has_its_first_section_alone(site: PracticeSite) -> None:
    html = member_under(site, "index-folded").data(ADS)["html"]
    assert html.count('aria-expanded="false"') == 2
    assert "Groups" in values_of_rows(html)
    assert "Age range" not in values_of_rows(html)


def test_a_drawn_value_is_a_pictures_name(site: PracticeSite) -> None:
    html = member_under(site, "index-pictures").data(ADS)["html"]
    assert 'role="img" aria-label="On"' in html
    assert values_of_rows(html)["Age range"] == ""


def test_a_page_that_says_that_it_failed_is_answered_all_the_same(site: PracticeSite) -> None:
    visitor = member_under(site, "page-says-it-failed")
    assert visitor.get(AGE).status == 200
    assert "Something went wrong" in visitor.data(AGE)["html"]
    assert "<input" not in visitor.data(AGE)["html"]


def test_indexes_can_be_down_while_pages_work(site: PracticeSite) -> None:
    visitor = member_under(site, "index-down")
    assert (visitor.get(ADS).status, visitor.get(PRIVACY).status, visitor.get(AGE).status) == (500, 500, 200)


def test_an_absent_control_has_no_row_and_no_page(site: PracticeSite) -> None:
    visitor = member_under(site, "region-absent")
    rows = values_of_rows(visitor.data(ADS)["html"])
    assert {"Inferred city location", "Measure ad success", "Groups"} & set(rows) == set()
    assert visitor.get(BY_ID["ads-inferred-location"].path).status == 404
    assert visitor.get(BY_ID["affiliate-sharing"].old_path).status == 404
    assert visitor.get(BY_ID["ads-measure-success"].path).path == ADS
    assert "<input" not in visitor.data(GROUPS)["html"]
    assert site.truth(ME)["ads-groups"] == "absent"


def test_a_missing_row_has_a_page_all_the_same(site: PracticeSite) -> None:
    visitor = member_under(site, "index-partial")
    assert "Age range" not in values_of_rows(visitor.data(ADS)["html"])
    assert is_checked(visitor.data(AGE)["html"])


def test_an_inverted_control_is_unchecked_while_the_data_is_used(site: PracticeSite) -> None:
    html = member_under(site, "inverted-undeclared").data(AGE)["html"]
    assert "Do not use my data" in html
    assert not is_checked(html)
    assert site.truth(ME)["ads-age"] == "on"


def test_a_wrong_page_is_another_settings_page_under_this_path(site: PracticeSite) -> None:
    visitor = member_under(site, "wrong-page")
    assert visitor.get(AGE).path == AGE
    assert BY_ID["research"].ctl in visitor.data(AGE)["html"]
    assert "showPublicProfile" in visitor.data(GROUPS)["html"]


def test_a_moved_page_is_found_through_the_index_alone(site: PracticeSite) -> None:
    visitor = member_under(site, "moved-paths")
    moved = site.path_of(BY_ID["ads-age"])
    assert moved != AGE
    assert f'href="{moved}"' in visitor.data(ADS)["html"]
    assert (visitor.get(AGE).status, visitor.get(moved).status) == (404, 200)


def test_a_gone_control_leaves_the_index_after_the_cascade(site: PracticeSite) -> None:
    visitor = member_under(site, "cascade-gone")
    label = "Share data with affiliates and partners"
    assert label in values_of_rows(visitor.data(ADS)["html"])
    visitor.save("ads-off-linkedin", on=False)
    assert label not in values_of_rows(visitor.data(ADS)["html"])
    assert visitor.get(BY_ID["affiliate-sharing"].path).status == 404


def test_a_disabled_control_follows_the_cascade(site: PracticeSite) -> None:
    visitor = member_under(site, "cascade-disabled")
    path = BY_ID["affiliate-sharing"].path
    assert " disabled" not in visitor.data(path)["html"]
    visitor.save("ads-off-linkedin", on=False)
    assert " disabled" in visitor.data(path)["html"]


@pytest.mark.parametrize(("scenario", "status"), [("slow-down-429", 429), ("slow-down-999", 999)])
def test_after_a_slow_down_every_page_says_so(site: PracticeSite, scenario: str, status: int) -> None:
    visitor = member_under(site, scenario)
    assert visitor.get(AGE).status == 200
    assert visitor.get(GROUPS).status == status
    assert (visitor.get(AGE).status, visitor.get(ADS).status, visitor.get("/feed/").status) == (status,) * 3


def test_only_the_data_can_ask_to_slow_down(site: PracticeSite) -> None:
    visitor = member_under(site, "slow-down-api")
    assert visitor.get(GROUPS).status == 200
    assert visitor.data(GROUPS) == {"status": 429}
    assert visitor.data(AGE) == {"status": 429}


def test_a_challenge_in_mid_run_stays(site: PracticeSite) -> None:
    visitor = member_under(site, "challenge-midrun")
    assert visitor.get(AGE).path == AGE
    assert "captcha-internal" in visitor.get(GROUPS).text
    assert visitor.get(AGE).path.startswith("/checkpoint/")
    assert visitor.get("/feed/").path.startswith("/checkpoint/")


def test_a_session_that_ends_once_ends_once(site: PracticeSite) -> None:
    visitor = member_under(site, "session-expired")
    ends = [visitor.get(AGE).path for _ in range(6)]
    assert ends == [AGE] * 5 + ["/login"]
    visitor.sign_in()
    assert {visitor.get(AGE).path for _ in range(12)} == {AGE}


def test_a_session_that_always_ends_ends_again(site: PracticeSite) -> None:
    visitor = member_under(site, "session-expired-always")
    for _ in range(2):
        assert [visitor.get(AGE).path for _ in range(4)] == [AGE] * 3 + ["/login"]
        visitor.sign_in()


def test_a_dropped_connection_gets_no_answer(site: PracticeSite) -> None:
    visitor = member_under(site, "dropped-connection")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError, urllib.error.URLError)):
        visitor.get(AGE)
    assert visitor.get(BY_ID["ads-gender"].path).status == 200


def test_a_redirect_loop_never_ends(site: PracticeSite) -> None:
    visitor = member_under(site, "redirect-loop")
    assert visitor.get(AGE).status == 302, "urllib gives up after ten"


def test_a_page_that_never_finishes_keeps_its_connection_open(site: PracticeSite) -> None:
    visitor = member_under(site, "never-finishes")
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies)
    connection = http.client.HTTPConnection(site.origin.removeprefix("http://"), timeout=3)
    connection.request("GET", AGE, headers={"Cookie": cookies})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read(15) == b"<!doctype html>"
    with pytest.raises(TimeoutError):
        answer.read()
    connection.close()


def test_the_right_password_can_be_refused(site: PracticeSite) -> None:
    site.use("wrong-password")
    visitor = Visitor(site.origin)
    assert "That&#x27;s not the right password" in visitor.sign_in().text
    assert visitor.get("/feed/").path == "/login"


@pytest.mark.parametrize("scenario", ["sign-in-redirects-elsewhere", "sign-in-form-posts-elsewhere"])
def test_the_other_origin_writes_down_what_it_is_sent(site: PracticeSite, scenario: str) -> None:
    site.use(scenario)
    visitor = Visitor(site.origin)
    page = visitor.get("/login")
    is_redirected = scenario == "sign-in-redirects-elsewhere"
    assert page.url.startswith(site.elsewhere.origin if is_redirected else site.origin)
    assert (f'action="{site.elsewhere.origin}/checkpoint' in page.text) is not is_redirected
    assert list(site.elsewhere.posts) == []
    Visitor(site.elsewhere.origin).post("/checkpoint/lg/login-submit", session_password="typed")
    assert site.elsewhere.posts == (b"session_password=typed",)
    assert site.password_posts(ME) == 0


def test_an_unlisted_control_is_on_an_index_with_its_state(site: PracticeSite) -> None:
    visitor = member_under(site, "unlisted-control")
    (label,) = site.scenario.expected.unlisted
    assert values_of_rows(visitor.data(ADS)["html"])[label] == "On"
    assert site.truth(ME)["unlisted-recommendations"] == "on"


def test_a_reworded_setting_shares_no_whole_label_with_the_usual_words(site: PracticeSite) -> None:
    usual = values_of_rows(member_under(site, "plain").data(ADS)["html"])
    reworded = values_of_rows(member_under(site, "relabelled").data(ADS)["html"])
    assert len(reworded) == len(usual)
    assert len(set(usual) - set(reworded)) == 5


def test_the_mixed_generations_are_three(site: PracticeSite) -> None:
    site.use("other-generations")
    seen: dict[str, Any] = {setting: site.generation_of(setting) for setting in DEFAULT_IDS}
    assert set(seen.values()) == {"2026", "2023", "2020"}
