"""From what elements say to a state: only what is plainly off is off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.browser.views import RawState
from optout.catalogue.models import ControlVersion, Kind
from optout.outcomes import State
from optout.states import is_checked, state_of
from tests.views import control, setting, state

SWITCH: ControlVersion = setting("ads-age").controls[0]
BOXES = next(one for one in setting("ads-education").controls if one.kind is Kind.CHECKBOXES)
RADIOS = SWITCH.model_copy(update={"kind": Kind.RADIOS, "off_value": "no", "on_value": "yes"})
SELECT = SWITCH.model_copy(update={"kind": Kind.SELECT, "off_value": "no", "on_value": "yes"})

RAW = st.builds(
    RawState,
    native=st.sampled_from([None, "checkbox", "radio", "select", "nonsense"]),
    checked=st.none() | st.booleans(),
    indeterminate=st.booleans(),
    aria=st.none() | st.sampled_from(["true", "false", "mixed", "", "TRUE", "0"]) | st.text(max_size=5),
    value=st.none() | st.sampled_from(["yes", "no", ""]) | st.text(max_size=5),
    disabled=st.booleans(),
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (state(), True),
        (state(checked=False), False),
        (state(checked=None), None),
        (state(checked=False, indeterminate=True), None),
        (state(aria="true"), True),
        (state(aria="false"), None),
        (state(checked=False, aria="true"), None),
        (state(checked=False, aria="mixed"), None),
        (state(native=None, checked=None, aria="true"), True),
        (state(native=None, checked=None, aria="false"), False),
        (state(native=None, checked=None, aria="mixed"), None),
        (state(native=None, checked=None, aria=None), None),
    ],
)
def test_an_element_is_checked_only_where_it_says_so_and_nothing_else(raw: RawState, expected: bool | None) -> None:
    assert is_checked(raw) is expected


@given(RAW)
def test_what_says_two_things_or_nothing_is_never_off(raw: RawState) -> None:
    found, _ = state_of(SWITCH, [control(state=raw)])
    says_off = (raw.native is not None and raw.checked is False and not raw.indeterminate) or raw.native is None
    assert found is not State.OFF or (says_off and raw.aria in (None, "false"))
    assert found is not State.MIXED


@given(st.lists(RAW, min_size=1, max_size=5))
def test_a_set_of_boxes_is_off_only_if_every_box_is(raws: list[RawState]) -> None:
    found, _ = state_of(BOXES, [control(str(at), state=raw) for at, raw in enumerate(raws)])
    marks = [is_checked(raw) for raw in raws]
    expected = State.UNKNOWN if None in marks else State.ON if all(marks) else State.MIXED if any(marks) else State.OFF
    assert found is expected


def test_no_element_is_absent_and_not_off() -> None:
    assert state_of(SWITCH, []) == (State.ABSENT, "no element")


@pytest.mark.parametrize(("checked", "expected"), [(True, State.OFF), (False, State.ON)])
def test_an_inverted_control_is_off_when_it_is_checked(checked: bool, expected: State) -> None:
    inverted = SWITCH.model_copy(update={"inverted": True})
    assert state_of(inverted, [control(state=state(checked=checked))]) == (expected, "")


def test_an_unknown_state_is_not_inverted_into_one() -> None:
    inverted = SWITCH.model_copy(update={"inverted": True})
    assert state_of(inverted, [control(state=state(checked=None))])[0] is State.UNKNOWN


def test_a_disabled_control_says_so() -> None:
    assert state_of(SWITCH, [control(state=state(disabled=True))]) == (State.ON, "greyed out by the site")


def test_a_mixed_set_tells_how_many_are_on() -> None:
    boxes = [control("1"), control("2", state=state(checked=False))]
    assert state_of(BOXES, boxes) == (State.MIXED, "1 of 2 boxes on")


def test_a_disagreement_is_told_with_both_sides() -> None:
    assert state_of(SWITCH, [control(state=state(aria="false"))]) == (
        State.UNKNOWN,
        "the control says checked=true and aria-checked=false",
    )


@pytest.mark.parametrize(
    ("value", "expected"), [("no", State.OFF), ("yes", State.ON), ("", State.UNKNOWN), (None, State.UNKNOWN)]
)
def test_a_select_is_off_only_at_its_off_value(value: str | None, expected: State) -> None:
    assert state_of(SELECT, [control(state=state(native="select", value=value))])[0] is expected


def test_radio_buttons_with_two_or_none_chosen_tell_nothing() -> None:
    def radio(value: str, checked: bool) -> object:
        return control(value, state=state(native="radio", value=value, checked=checked))

    both = [radio("yes", True), radio("no", True)]
    neither = [radio("yes", False), radio("no", False)]
    one = [radio("yes", False), radio("no", True)]
    assert [state_of(RADIOS, radios)[0] for radios in (both, neither, one)] == [  # type: ignore[arg-type]
        State.UNKNOWN,
        State.UNKNOWN,
        State.OFF,
    ]


@given(st.sampled_from([SWITCH, BOXES, RADIOS, SELECT]), st.lists(RAW, max_size=4))
def test_no_page_can_break_the_reading_of_a_state(version: ControlVersion, raws: list[RawState]) -> None:
    found, detail = state_of(version, [control(str(at), state=raw) for at, raw in enumerate(raws)])
    assert isinstance(found, State)
    assert isinstance(detail, str)
