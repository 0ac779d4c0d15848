"""The forum and the app over plain HTTP, and their selectors files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from optout.catalogue.loading import load_catalogue
from optout.practice.forum import ForumSite
from optout.practice.records import DEFAULT_PASSWORD, DEFAULT_USERNAME
from optout.practice.spa import SpaSite
from tests.unit.test_practice_site import Visitor

ME = DEFAULT_USERNAME
FILES = Path(__file__).parent.parent / "services"
PREFERENCES = "/member/preferences"


@pytest.fixture
def forum() -> Iterator[ForumSite]:
    with ForumSite() as running:
        yield running


@pytest.fixture
def app() -> Iterator[SpaSite]:
    with SpaSite() as running:
        yield running


def forum_member(site: ForumSite) -> Visitor:
    visitor = Visitor(site.origin)
    visitor.post("/member/enter", member_name=ME, member_pass=DEFAULT_PASSWORD, return_to=PREFERENCES)
    return visitor


def app_member(site: SpaSite) -> Visitor:
    visitor = Visitor(site.origin)
    visitor.post("/enter", email=ME, secret=DEFAULT_PASSWORD)
    return visitor


@pytest.mark.parametrize(("name", "site"), [("forum", ForumSite), ("spa", SpaSite)])
def test_a_selectors_file_names_exactly_the_settings_of_its_site(name: str, site: Any) -> None:
    (service,) = load_catalogue(path=FILES / f"{name}.yaml").services
    assert {setting.id for setting in service.settings} == set(site.off_values)
    assert service.signin
    assert service.signin.signed_in.cookie == site.cookie_name
    assert service.signin.signed_in.paths == (site.home,)


@pytest.mark.parametrize(("name", "site"), [("forum", ForumSite), ("spa", SpaSite)])
def test_every_path_of_a_selectors_file_is_there(name: str, site: Any) -> None:
    (service,) = load_catalogue(path=FILES / f"{name}.yaml").services
    with site() as running:
        visitor = forum_member(running) if name == "forum" else app_member(running)
        for setting in service.settings:
            for version in setting.paths:
                answer = visitor.get(version.path)
                assert (answer.status, answer.path) == (200, version.path)


def test_strangers_are_sent_to_the_forums_door(forum: ForumSite) -> None:
    assert Visitor(forum.origin).get(PREFERENCES).path == "/member/enter"


def test_a_wrong_password_shows_the_forums_error_box(forum: ForumSite) -> None:
    answer = Visitor(forum.origin).post("/member/enter", member_name=ME, member_pass="wrong")
    assert 'class="errorbox"' in answer.text
    assert forum.password_posts(ME) == 1


def test_a_posted_form_writes_only_what_has_changed(forum: ForumSite) -> None:
    visitor = forum_member(forum)
    kept = {"share_with_sponsors": "1", "weekly_digest": "1", "timezone": "utc", "no_research": "1"}
    answer = visitor.post(PREFERENCES, ad_style="general", tracking="none", **kept)
    assert answer.path == PREFERENCES
    assert "Your preferences have been saved." in answer.text
    written = {operation.control_id: operation.after for operation in forum.operations}
    assert written == {
        "assistant-training": "off",
        "research-use": "off",
        "ad-style": "general",
        "activity-tracking": "none",
    }
    truth = forum.truth(ME)
    assert (truth["ad-style"], truth["activity-tracking"], truth["research-use"]) == ("off", "off", "off")
    assert (truth["sponsor-sharing"], truth["newsletter"], truth["timezone"]) == ("on", "on", "utc")


def test_the_forums_inverted_box_is_checked_when_research_is_off(forum: ForumSite) -> None:
    visitor = forum_member(forum)
    assert 'id="no_research" value="1">' in visitor.get(PREFERENCES).text
    forum.set(ME, "research-use", False)
    assert 'id="no_research" value="1" checked>' in visitor.get(PREFERENCES).text


def test_nonsense_in_a_form_does_not_become_a_value(forum: ForumSite) -> None:
    forum_member(forum).post(PREFERENCES, ad_style="<b>", tracking="never", timezone="mars")
    assert (forum.truth(ME)["ad-style"], forum.truth(ME)["activity-tracking"]) == ("on", "on")


def test_the_app_sends_its_values_as_data(app: SpaSite) -> None:
    app.set(ME, "partner-ads", False)
    sent = json.loads(app_member(app).get("/api/you").text)
    assert {each["id"]: each["on"] for each in sent["settings"]} == {
        "smart-replies": True,
        "partner-ads": False,
        "contact-matching": True,
    }


def test_a_change_in_the_app_is_kept_and_recorded(app: SpaSite) -> None:
    assert app_member(app).send("PUT", "/api/you/smart-replies", {"on": False}).status == 200
    assert app.truth(ME)["smart-replies"] == "off"
    assert [(operation.control_id, operation.after) for operation in app.operations] == [("smart-replies", "off")]


@pytest.mark.parametrize("sent", [None, [], "off"])
def test_a_broken_change_in_the_app_is_refused(app: SpaSite, sent: Any) -> None:
    assert app_member(app).send("PUT", "/api/you/smart-replies", sent).status == 400
    assert list(app.operations) == []


def test_strangers_can_neither_read_nor_change_the_apps_values(app: SpaSite) -> None:
    stranger = Visitor(app.origin)
    assert stranger.get("/you/privacy").path == "/enter"
    assert stranger.get("/api/you").status == 401
    assert stranger.send("PUT", "/api/you/smart-replies", {"on": False}).status == 400
    assert app.truth(ME)["smart-replies"] == "on"
