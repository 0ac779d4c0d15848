"""Knowing the page first: signed out, challenge, slow-down, error, or ready to be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from optout.browser.views import PageView, trim_path
from optout.catalogue.models import Challenge, Service

FORM_USERNAME, FORM_PASSWORD, REFUSED, SLOW = "form-username", "form-password", "refused", "slow-down"


class PageKind(StrEnum):
    """What a page is, before anything on it is read."""

    READY = "ready"
    SIGNED_OUT = "signed out"
    REFUSED = "sign-in refused"
    CHALLENGE = "challenge"
    SLOWED_DOWN = "slow-down"
    NOT_THERE = "not there"
    ERROR = "error"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Recognized:
    """What a page is, why, and which challenge, if it is a known one."""

    kind: PageKind
    detail: str = ""
    challenge: Challenge | None = None


def signs_to_look_for(service: Service) -> list[dict[str, Any]]:
    """The signs that page.js reports for a service; the same list for every page."""
    signs: list[dict[str, Any]] = [
        {"name": SLOW, "css": [one.css for one in service.slow_down.signs], "needs": "shown"}
    ]
    signin = service.signin
    if signin:
        signs += [
            {"name": FORM_USERNAME, "css": [one.username for one in signin.forms], "needs": "shown"},
            {"name": FORM_PASSWORD, "css": [one.password for one in signin.forms], "needs": "shown"},
            {"name": REFUSED, "css": [one.css for one in signin.refused], "needs": "text"},
        ]
        signs += [{"name": f"challenge:{one.id}", "css": [one.css], "needs": "present"} for one in signin.challenges]
    return [sign for sign in signs if sign["css"]]


def recognize(service: Service, view: PageView, status: int) -> Recognized:
    """What this page is. `status` is the HTTP status of its document (0: not known)."""
    if status in service.slow_down.statuses or SLOW in view.signs:
        return Recognized(PageKind.SLOWED_DOWN, f"{service.title} asked to slow down (HTTP {status})")
    if view.origin != service.origin:
        return Recognized(PageKind.ELSEWHERE, f"the page led to {view.origin}")
    if service.signin:
        recognized = _about_sign_in(service, view)
        # An error page may have the address of a sign-in, but not its form.
        if recognized and (status < 400 or (status < 500 and _shows_signs(view))):
            return recognized
    if status in (404, 410):
        return Recognized(PageKind.NOT_THERE, f"there is no such page (HTTP {status})")
    if status >= 400:
        return Recognized(PageKind.ERROR, f"{service.title} answered with an error (HTTP {status})")
    return Recognized(PageKind.READY)


def _about_sign_in(service: Service, view: PageView) -> Recognized | None:
    signin = service.signin
    assert signin is not None  # noqa: S101 -- the caller looked
    if REFUSED in view.signs:
        return Recognized(PageKind.REFUSED, f"{service.title} did not accept the user name or password")
    challenge = next((one for one in signin.challenges if f"challenge:{one.id}" in view.signs), None)
    if challenge or is_under(view.path, signin.challenge_paths):
        return Recognized(PageKind.CHALLENGE, f"{service.title} asks to confirm who you are", challenge)
    if _has_form(view) or is_under(view.path, (*signin.signed_out_paths, signin.page)):
        return Recognized(PageKind.SIGNED_OUT, "signed out")
    return None


def _has_form(view: PageView) -> bool:
    return FORM_USERNAME in view.signs and FORM_PASSWORD in view.signs


def _shows_signs(view: PageView) -> bool:
    return _has_form(view) or REFUSED in view.signs or any(sign.startswith("challenge:") for sign in view.signs)


def is_under(path: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a path is one of these, or below one of them."""
    return any(path == trim_path(one) or path.startswith(trim_path(one) + "/") for one in prefixes if one != "/")
