"""The proof of being signed in, and what a challenge asks of the person."""

from __future__ import annotations

from typing import Any

import pytest

from optout.accounts import Withheld
from optout.browser.waiting import Stop
from optout.errors import NeedsHuman
from optout.signin import SignInFlow
from optout.visits import Pacer, Visitor
from tests.harness import Nobody
from tests.views import AGE_PATH, directory, page

SERVICE = directory().service
assert SERVICE.signin is not None
SIGNIN = SERVICE.signin


class Cookies:
    """A session that has these cookies and nothing else."""

    def __init__(self, **cookies: str) -> None:
        self._cookies = cookies

    def cookies(self) -> list[dict[str, Any]]:
        return [{"name": name, "value": {"type": "string", "value": value}} for name, value in self._cookies.items()]


def flow(withheld: str = "no password is stored") -> SignInFlow:
    return SignInFlow("me", Nobody(), Stop(), lambda: Withheld(withheld))


def is_in(session: Cookies, path: str, asked: str) -> bool:
    return flow().is_signed_in(SIGNIN, session, page(path), asked)  # type: ignore[arg-type]


def test_signed_in_needs_the_cookie_and_the_page_that_was_asked_for() -> None:
    name = SIGNIN.signed_in.cookie
    assert name is not None
    assert is_in(Cookies(**{name: "token"}), AGE_PATH, AGE_PATH)
    assert is_in(Cookies(**{name: "token"}), SIGNIN.signed_in.paths[0], AGE_PATH)
    assert not is_in(Cookies(**{name: "token"}), "/somewhere/else", AGE_PATH)
    assert not is_in(Cookies(), AGE_PATH, AGE_PATH)
    assert not is_in(Cookies(**{name: ""}), AGE_PATH, AGE_PATH)
    assert not is_in(Cookies(other="token"), AGE_PATH, AGE_PATH)


def test_without_leave_to_sign_in_the_reason_is_passed_on_and_no_page_is_loaded() -> None:
    stop = Stop()
    visitor = Visitor(SERVICE, Pacer(0, stop), stop)
    with pytest.raises(NeedsHuman, match=r"^'me' is signed out and no password is stored$"):
        flow().by_password(None, visitor, None)  # type: ignore[arg-type]
    assert visitor.page_loads == 0


@pytest.mark.parametrize("challenge", [None, *SIGNIN.challenges], ids=lambda one: one.id if one else "unknown")
def test_every_challenge_names_the_command_that_goes_on(challenge: Any) -> None:
    stop = Stop()
    text = flow().challenge_text(Visitor(SERVICE, Pacer(0, stop), stop), challenge)
    assert text.startswith("LinkedIn ")
    assert text.endswith("; sign in yourself: optout login me")
