"""Outcomes, claims and exit codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.outcomes import (
    AccountResult,
    ExitCode,
    Outcome,
    Reading,
    RunResult,
    SettingResult,
    State,
    Status,
    exit_code,
    iso,
)

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CLAIM = SettingResult("a", "g", "A", Outcome.TURNED_OFF, "https://x.test/a", selector="2026-07", checked_at=AT)
REFUSAL = SettingResult("b", "g", "B", Outcome.NOT_FOUND, reason="no control")
OFF = {Outcome.ALREADY_OFF, Outcome.TURNED_OFF, Outcome.NOT_OFFERED, Outcome.RESTORED}


def with_outcome(outcome: Outcome) -> SettingResult:
    return replace(CLAIM if outcome.is_claim else REFUSAL, outcome=outcome)


def account(*outcomes: Outcome, status: Status = Status.DONE) -> AccountResult:
    return AccountResult("me", "linkedin", status, None, 1, tuple(with_outcome(one) for one in outcomes))


@pytest.mark.parametrize("missing", ["url", "selector", "checked_at"])
@pytest.mark.parametrize("outcome", [one for one in Outcome if one.is_claim])
def test_a_claim_without_its_proof_cannot_be_made(outcome: Outcome, missing: str) -> None:
    with pytest.raises(ValueError, match=f"^a: {outcome} is a claim without its proof$"):
        replace(CLAIM, outcome=outcome, **{missing: None})  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", [one for one in Outcome if not one.is_claim and one is not Outcome.NOT_OFFERED])
def test_what_is_no_claim_needs_a_reason(outcome: Outcome) -> None:
    with pytest.raises(ValueError, match=f"^b: {outcome} needs a reason$"):
        replace(REFUSAL, outcome=outcome, reason=None)


def test_only_off_is_off_and_only_on_or_mixed_is_operated() -> None:
    assert [one for one in State if one.is_operable] == [State.ON, State.MIXED]


@given(st.lists(st.sampled_from(Outcome), max_size=4), st.sampled_from(Status), st.booleans())
def test_exit_code_0_means_that_everything_is_off_or_not_offered(
    outcomes: list[Outcome], status: Status, reading_is_enough: bool
) -> None:
    code = exit_code((account(*outcomes, status=status),), reading_is_enough=reading_is_enough)
    enough = OFF | ({Outcome.WOULD_TURN_OFF} if reading_is_enough else set())
    expected = (
        ExitCode.NEEDS_HUMAN
        if status is Status.NEEDS_HUMAN
        else ExitCode.ALL_OFF
        if (status is Status.DONE or (status is Status.SKIPPED and outcomes)) and set(outcomes) <= enough
        else ExitCode.NOT_ALL_OFF
    )
    assert code is expected


def test_a_person_who_is_needed_goes_before_what_is_left() -> None:
    accounts = (account(Outcome.NOT_SAVED), account(status=Status.NEEDS_HUMAN), account(Outcome.TURNED_OFF))
    assert exit_code(accounts, reading_is_enough=False) == 3


def test_the_document_has_the_fields_of_the_contract() -> None:
    result = RunResult("run", False, AT, 21.44, (account(Outcome.TURNED_OFF),), run_id=7)
    document = result.as_json()
    assert {key: document[key] for key in ("schema", "command", "dry_run", "started", "seconds", "exit_code")} == {
        "schema": 1,
        "command": "run",
        "dry_run": False,
        "started": "2026-11-23T12:00:00Z",
        "seconds": 21.4,
        "exit_code": 0,
    }
    assert set(document["accounts"][0]) == {
        "account", "service", "status", "reason", "page_loads", "settings", "unlisted",
    }  # fmt: skip
    wanted = {"id", "group", "title", "url", "before", "after", "outcome", "reason", "selector", "checked_at"}
    assert wanted <= set(document["accounts"][0]["settings"][0])


def test_a_reading_tells_its_state_place_and_detail() -> None:
    reading = Reading(State.ON, "https://x.test/a", "2026-07", AT)
    assert (str(reading), str(replace(reading, detail="2 of 3 boxes on"))) == (
        "on on https://x.test/a",
        "on on https://x.test/a (2 of 3 boxes on)",
    )
    assert iso(AT) == "2026-11-23T12:00:00Z"
