"""`optout undo`: puts back exactly what the last run changed, by the same rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import request

from optout.practice.members import BY_ID, PracticeSetting
from optout.practice.rendering import SettingView
from optout.practice.site import PracticeSite
from tests.machine import Machine, wait_for
from tests.matrix import MEMBER

pytestmark = pytest.mark.browser
SOME = ("ads-age", "ads-education", "ads-off-linkedin", "affiliate-sharing", "ads-connections")


def values(site: PracticeSite) -> dict[str, str]:
    return site.store.values(MEMBER.username)


def test_undo_puts_back_box_by_box_what_the_last_run_changed_and_nothing_else(machine: Machine) -> None:
    """One box and one setting were off before; one setting goes off by another's cascade."""
    site = machine.site
    site.set(MEMBER.username, "ads-education/2", False)
    site.set(MEMBER.username, "ads-connections", False)
    began = values(site)
    done = machine.run(*machine.work(*SOME))
    assert (done.code, done.outcomes()["ads-connections"]) == (0, "already-off")
    assert {one: values(site)[one] for one in began if one.split("/")[0] in SOME} == {
        one: "off" for one in began if one.split("/")[0] in SOME
    }
    undone = machine.run(*machine.work(command="undo"))
    assert (undone.code, undone.document["command"], undone.account["status"]) == (0, "undo", "done")
    assert undone.outcomes() == dict.fromkeys(set(SOME) - {"ads-connections"}, "restored")
    assert values(site) == began
    assert all(one["url"] and one["selector"] and one["checked_at"] for one in undone.account["settings"])
    again = machine.run(*machine.work(command="undo"))
    nothing = "there is nothing to put back for 'me': what the last run changed there was put back already, or no run"
    assert (again.code, again.stdout) == (2, "")
    assert nothing in again.stderr
    assert values(site) == began
    rows = json.loads(machine.run("history", "--json").stdout)["runs"]
    assert [row["command"] for row in rows] == ["undo", "run"]


def test_undo_leaves_alone_what_somebody_has_switched_on_since(machine: Machine) -> None:
    site = machine.site
    assert machine.run(*machine.work("ads-age", "ads-gender")).code == 0
    site.set(MEMBER.username, "ads-age", True)
    operations = len(site.operations)
    undone = machine.run(*machine.work(command="undo"))
    assert (undone.code, undone.outcomes()) == (0, {"ads-age": "restored", "ads-gender": "restored"})
    assert [one.control_id for one in site.operations[operations:]] == ["ads-gender"]


def test_what_was_put_back_once_is_not_put_back_against_a_later_choice(machine: Machine) -> None:
    """Somebody puts it back by hand, an undo finds it so, and then it is switched off by hand."""
    site = machine.site
    assert machine.run(*machine.work("ads-age")).code == 0
    site.set(MEMBER.username, "ads-age", True)
    assert machine.run(*machine.work(command="undo")).outcomes() == {"ads-age": "restored"}
    site.set(MEMBER.username, "ads-age", False)
    assert machine.run(*machine.work(command="undo")).code == 2
    assert values(site)["ads-age"] == "off"


def test_undo_of_a_cause_finds_what_went_along_with_it_on_already(machine: Machine) -> None:
    """The run's cascade is not looked for in the other direction: what is on again is restored, not turned off."""
    site, both = machine.site, ("ads-off-linkedin", "affiliate-sharing")
    assert machine.run(*machine.work(*both)).outcomes() == dict.fromkeys(both, "turned-off")
    site.set(MEMBER.username, "affiliate-sharing", True)
    undone = machine.run(*machine.work(command="undo"))
    assert (undone.code, undone.outcomes()) == (0, dict.fromkeys(both, "restored"))
    assert [site.truth(MEMBER.username)[one] for one in both] == ["on", "on"]


@pytest.mark.parametrize(
    ("page_of_the_raised", "raised"),
    [("before", ("ads-gender", "ads-employer")), ("after", ("ads-gender",))],
    ids=["read-before", "read-after"],
)
def test_what_came_on_with_another_is_off_after_the_run_and_after_its_undo(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, page_of_the_raised: str, raised: tuple[str, ...]
) -> None:
    """Switching one off switches others on, whose pages were read before that, or are read only afterwards.

    In the second case the index has said off before; where it shows no value, nobody knows.
    """
    site = machine.site
    tails = [BY_ID[one].path.rsplit("/", 1)[1] for one in raised]
    site.use("raised-by-another")
    began, view = site.truth(MEMBER.username), site.view

    def in_order(username: str, setting: PracticeSetting, **parts: Any) -> SettingView:
        """The setting as it is when its page's turn has come."""
        is_page = "/categories/" not in request.path
        if is_page and page_of_the_raised == "before" and setting.id == "ads-age":
            wait_for(lambda: all(any(one in asked.path for asked in site.requests) for one in tails), "their pages")
        if is_page and page_of_the_raised == "after" and setting.id in raised:
            wait_for(lambda: site.operations, "the click that switches them on")
        return view(username, setting, **parts)

    monkeypatch.setattr(site, "view", in_order)
    done = machine.run(*machine.work("ads-age", *raised))
    monkeypatch.undo()
    assert (done.code, done.outcomes()) == (0, dict.fromkeys(("ads-age", *raised), "turned-off"))
    assert {site.truth(MEMBER.username)[one] for one in ("ads-age", *raised)} == {"off"}
    before = {one["id"]: one["before"] for one in done.account["settings"]}
    assert before == {"ads-age": "on", **dict.fromkeys(raised, "off")}
    reasons = {one["reason"] for one in done.account["settings"] if one["id"] in raised}
    assert reasons == {"it was off at first, came on during the run, and was switched off again"}
    undone = machine.run(*machine.work(command="undo"))
    assert (undone.code, undone.outcomes()) == (0, {"ads-age": "restored"})
    assert {one: site.truth(MEMBER.username)[one] for one in before} == {one: began[one] for one in before}


def test_undo_of_a_part_leaves_the_rest_to_be_undone(machine: Machine) -> None:
    assert machine.run(*machine.work("ads-age", "ads-gender")).code == 0
    first = machine.run(*machine.work("ads-age", command="undo"))
    second = machine.run(*machine.work(command="undo"))
    assert (first.outcomes(), second.outcomes()) == ({"ads-age": "restored"}, {"ads-gender": "restored"})


def test_undo_puts_back_what_was_changed_but_could_not_be_proved(machine: Machine) -> None:
    """The index goes on showing On for one of them: it is off all the same, by this run's doing."""
    site, some = machine.site, ("ads-age", "ads-gender")
    site.use("index-stale")
    done = machine.run(*machine.work(*some))
    assert (done.code, done.outcomes()) == (1, {"ads-age": "unreadable", "ads-gender": "turned-off"})
    reason = next(one["reason"] for one in done.account["settings"] if one["id"] == "ads-age")
    assert reason.startswith("it was changed, but two readings disagree: off on ")
    undone = machine.run(*machine.work(command="undo"))
    assert (undone.code, undone.outcomes()) == (0, dict.fromkeys(some, "restored"))
    assert [site.truth(MEMBER.username)[one] for one in some] == ["on", "on"]
    assert machine.run(*machine.work(command="undo")).code == 2


def test_undo_follows_the_same_rules_where_the_page_is_in_doubt(machine: Machine) -> None:
    """The control has become two that fit equally: nothing is clicked, and the setting is not called restored."""
    site = machine.site
    assert machine.run(*machine.work("ads-age", "ads-connections")).code == 0
    off = {one: value for one, value in values(site).items() if value == "off"}
    site.use("two-equal-candidates")
    for one in off:
        site.store.put(MEMBER.username, (one,), "off")
    undone = machine.run(*machine.work(command="undo"))
    assert (undone.code, undone.outcomes()) == (1, {"ads-age": "not-found", "ads-connections": "restored"})
    assert [one.control_id for one in site.operations] == ["ads-connections"]
