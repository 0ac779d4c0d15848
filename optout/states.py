"""From what an element says to a state: pure, and honest about what cannot be told."""

from __future__ import annotations

from collections.abc import Sequence

from optout.browser.views import ControlView, RawState
from optout.catalogue.models import ControlVersion, Kind
from optout.outcomes import State

ARIA = {"true": True, "false": False}


def state_of(version: ControlVersion, controls: Sequence[ControlView]) -> tuple[State, str]:
    """The state of a proved control, and what there is to say of it (empty when it is plain)."""
    if not controls:
        return State.ABSENT, "no element"
    if version.kind is Kind.SELECT:
        return _chosen(version, controls[0].state.value, controls[0].state.disabled)
    if version.kind is Kind.RADIOS:
        chosen = [one.state.value for one in controls if one.state.checked]
        return _chosen(version, chosen[0] if len(chosen) == 1 else None, all(one.state.disabled for one in controls))
    marks = [is_checked(one.state) for one in controls]
    if any(mark is None for mark in marks):
        return State.UNKNOWN, _why_unknown(controls)
    active = [bool(mark) != version.inverted for mark in marks]
    disabled = all(one.state.disabled for one in controls)
    detail = "greyed out by the site" if disabled else ""
    if len(controls) > 1:
        detail = ", ".join(part for part in (f"{sum(active)} of {len(active)} boxes on", detail) if part)
    if not any(active):
        return State.OFF, detail
    return (State.ON if all(active) else State.MIXED), detail


def is_checked(state: RawState) -> bool | None:
    """Whether an element is checked; None when it does not say, or says two things."""
    aria = ARIA.get(state.aria) if state.aria is not None else None
    if state.native is None:
        return aria
    if state.indeterminate or state.checked is None:
        return None
    if state.aria is not None and aria is not state.checked:
        return None
    return state.checked


def _chosen(version: ControlVersion, value: str | None, disabled: bool) -> tuple[State, str]:
    if value is None or value == "":
        return State.UNKNOWN, "nothing is chosen"
    detail = "greyed out by the site" if disabled else ""
    return (State.OFF if value == version.off_value else State.ON), detail


def _why_unknown(controls: Sequence[ControlView]) -> str:
    for one in controls:
        state = one.state
        if state.native and state.aria is not None and ARIA.get(state.aria) is not state.checked:
            return f"the control says checked={str(state.checked).lower()} and aria-checked={state.aria}"
        if state.native is None:
            return f"the control says aria-checked={state.aria}"
    return "the control shows neither on nor off"
