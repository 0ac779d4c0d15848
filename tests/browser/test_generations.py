"""All three generations of the site's markup, alone and mixed page by page, in its languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from optout.fleet import Orders
from optout.outcomes import Outcome
from optout.practice.members import DEFAULT_IDS
from optout.practice.records import Latency
from optout.practice.site import PracticeSite
from tests.harness import Bench, SharedBrowser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("generation", ["2026", "2023", "2020", "mixed"])
def test_every_generation_is_switched_off_and_proved(
    generation: str, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    bench = Bench(tmp_path, shared_browser)
    with PracticeSite("plain", Latency(0.01, 0.01, 0.02), generation=generation) as site:
        account = bench.carry_out([bench.errand(site, site.accounts[0])], Orders("run")).accounts[0]
        truth = site.truth(site.accounts[0].username)
        written = {one.control_id.split("/")[0] for one in site.operations}
    assert {one.id: one.outcome for one in account.settings} == dict.fromkeys(DEFAULT_IDS, Outcome.TURNED_OFF), account
    assert {truth[one] for one in DEFAULT_IDS} == {"off"}
    # Turning one setting off may turn another off by itself: then nothing was written for that one.
    assert written | {"affiliate-sharing"} == set(DEFAULT_IDS)


def test_the_version_that_was_proved_is_named(tmp_path: Path, shared_browser: SharedBrowser) -> None:
    bench = Bench(tmp_path, shared_browser)
    named = {}
    for generation in ("2026", "2023"):
        with PracticeSite("plain", generation=generation) as site:
            errand = bench.errand(site, site.accounts[0], only=["ads-age"])
            named[generation] = bench.carry_out([errand], Orders("run", dry_run=True)).accounts[0].settings[0].selector
    assert named == {"2026": "2026-07", "2023": "2026"}
