"""Two services that are nothing like LinkedIn work through their own selectors files alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from optout.catalogue.loading import load_catalogue
from optout.fleet import Errand, Orders
from optout.history import History
from optout.outcomes import AccountResult, Outcome, State
from optout.places import Places
from optout.practice.forum import ForumSite
from optout.practice.records import Latency
from optout.practice.services import ServiceSite
from optout.practice.site import PracticeSite
from optout.practice.spa import SpaSite
from tests.harness import Bench, SharedBrowser

pytestmark = pytest.mark.browser
FILES = Path(__file__).parents[1] / "services"
SERVICES = {"forum": ForumSite, "spa": SpaSite}


def bench_of(name: str, home: Path, shared: SharedBrowser) -> Bench:
    return Bench(home, shared, load_catalogue(None, FILES / f"{name}.yaml"))


def errand_of(bench: Bench, site: ServiceSite) -> Errand:
    return bench.errand(cast(PracticeSite, site), site.accounts[0])  # only its origin is asked for


def undo(bench: Bench, site: ServiceSite) -> AccountResult:
    """What `optout undo` does: put back what the last run changed."""
    errand = errand_of(bench, site)
    with History.open(Places(bench.home).prepare().history_file) as history:
        wanted: dict[str, dict[str, Any]] = {
            one.setting_id: one.detail for one in history.last_changes("me", site.origin)
        }
    errand = replace(errand, wanted=wanted, settings=tuple(one for one in errand.settings if one.id in wanted))
    return bench.carry_out([errand], Orders("undo", target=State.ON)).accounts[0]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_its_own_file_is_switched_off_proved_and_put_back(
    name: str, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    bench = bench_of(name, tmp_path, shared_browser)
    with SERVICES[name](Latency(0.02, 0.02, 0.05)) as site:
        member = site.accounts[0].username
        first = dict(site.store.values(member))
        account = bench.carry_out([errand_of(bench, site)], Orders("run")).accounts[0]
        assert {one.id: one.outcome for one in account.settings} == dict.fromkeys(
            site.off_values, Outcome.TURNED_OFF
        ), account
        assert site.store.values(member) == {**first, **site.off_values}
        assert {one.control_id for one in site.operations} == set(site.off_values)
        assert len(site.operations) == len(site.off_values)
        restored = undo(bench, site)
        assert {one.outcome for one in restored.settings} == {Outcome.RESTORED}, restored
        assert site.store.values(member) == first


def test_settings_of_one_form_that_were_off_stay_off(tmp_path: Path, shared_browser: SharedBrowser) -> None:
    """The form's Save button sends all of its boxes: what one tab saved, another must not send back."""
    bench = bench_of("forum", tmp_path, shared_browser)
    with ForumSite(Latency(0.05, 0.0, 0.2)) as site:
        member = site.accounts[0].username
        for one in ("ad-style", "research-use"):
            site.set(member, one, on=False)
        account = bench.carry_out([errand_of(bench, site)], Orders("run", tabs=8)).accounts[0]
        outcomes = {one.id: one.outcome for one in account.settings}
        assert (outcomes["ad-style"], outcomes["research-use"]) == (Outcome.ALREADY_OFF, Outcome.ALREADY_OFF)
        assert {site.truth(member)[one] for one in site.off_values} == {"off"}
        assert [one for one in site.operations if one.after != site.off_values[one.control_id]] == []
