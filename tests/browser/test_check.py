"""`optout check`: the quick look. It clicks nothing, and reads own pages only where an index shows no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from optout.fleet import Orders
from optout.outcomes import AccountResult, Outcome
from optout.practice.members import BY_ID
from optout.practice.site import PracticeSite
from tests.harness import Bench, SharedBrowser
from tests.matrix import MEMBER

pytestmark = pytest.mark.browser
SOME = ("ai-training", "ads-age", "ads-gender", "ads-education")


@pytest.fixture
def bench(tmp_path: Path, shared_browser: SharedBrowser) -> Bench:
    return Bench(tmp_path, shared_browser)


def check(bench: Bench, site: PracticeSite, *only: str, command: str = "check") -> AccountResult:
    return bench.carry_out([bench.errand(site, MEMBER, only=only)], Orders(command)).accounts[0]


def outcomes(account: AccountResult) -> dict[str, str]:
    return {one.id: str(one.outcome) for one in account.settings}


def pages_of_settings(site: PracticeSite) -> list[str]:
    paths = {site.path_of(BY_ID[one]): one for one in BY_ID}
    return sorted(paths[one.path] for one in site.requests if one.path in paths)


def test_a_check_reads_indexes_first_and_own_pages_only_where_they_show_no_value(
    site: PracticeSite, bench: Bench
) -> None:
    site.set(MEMBER.username, "ads-gender", False)
    found = outcomes(check(bench, site, *SOME))
    assert found == {
        "ai-training": "would-turn-off",
        "ads-age": "would-turn-off",
        "ads-gender": "already-off",
        "ads-education": "would-turn-off",
    }
    assert site.operations == ()
    without_value = {one for one in SOME if not row_shows_a_value(bench, one)}
    assert set(pages_of_settings(site)) == without_value
    assert "ads-education" in without_value


def row_shows_a_value(bench: Bench, setting_id: str) -> bool:
    return next(one for one in bench.catalogue.services[0].settings if one.id == setting_id).index_value


def test_a_check_says_what_was_turned_on_again_since(site: PracticeSite, bench: Bench) -> None:
    run = check(bench, site, "ads-age", "ads-gender", command="run")
    assert outcomes(run) == {"ads-age": "turned-off", "ads-gender": "turned-off"}
    site.set(MEMBER.username, "ads-age", True)
    operations = site.operations
    account = check(bench, site, "ads-age", "ads-gender")
    changes = {one.id: one.change for one in account.settings}
    assert outcomes(account) == {"ads-age": "would-turn-off", "ads-gender": "already-off"}
    assert changes["ads-gender"] is None
    assert changes["ads-age"] is not None
    assert changes["ads-age"].endswith("; turned on again since")
    assert site.operations == operations


def test_a_check_is_no_rosier_than_the_run_before_it(site: PracticeSite, bench: Bench) -> None:
    """The index says off, the own page on: what the run has seen makes the check look at both."""
    site.use("index-wrong")
    reason = "two readings disagree"
    for command in ("run", "check", "check"):
        account = check(bench, site, "ads-age", "ads-connections", command=command)
        doubted = next(one for one in account.settings if one.id == "ads-age")
        assert (doubted.outcome, (doubted.reason or "")[: len(reason)]) == (Outcome.UNREADABLE, reason)
    site.use("plain")
    assert outcomes(check(bench, site, "ads-age")) == {"ads-age": "would-turn-off"}


def test_an_index_that_is_down_is_in_the_reason_of_what_was_not_found(site: PracticeSite, bench: Bench) -> None:
    site.use("index-down")
    settings = check(bench, site, "ads-employer", "ads-education", command="run").settings
    lost = [one.reason or "" for one in settings if one.outcome is Outcome.NOT_FOUND]
    assert lost, [(one.id, one.outcome, one.reason) for one in settings]
    assert all("its index could not be read (" in reason for reason in lost)


def test_a_row_whose_label_is_unknown_is_not_believed(site: PracticeSite, bench: Bench) -> None:
    """Renamed everywhere: the row's value has one witness only, so that the own page is read as well."""
    site.use("relabelled")
    check(bench, site, "ads-age")
    assert pages_of_settings(site) == ["ads-age"]


def test_a_check_of_an_index_that_is_down_claims_nothing_from_it(site: PracticeSite, bench: Bench) -> None:
    site.use("index-down")
    account = check(bench, site, "ads-age", "ads-gender")
    assert all(one.outcome is Outcome.WOULD_TURN_OFF or one.reason for one in account.settings)
    assert set(pages_of_settings(site)) >= {"ads-age", "ads-gender"}
    assert site.operations == ()
