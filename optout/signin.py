"""From any page to a signed-in one, or why not. The password is tried at most once per account and run."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

from optout.accounts import Grant, Withheld
from optout.browser.recognition import PageKind, Recognized, is_under
from optout.browser.session import Session
from optout.browser.tab import PageMoved, Tab
from optout.browser.views import PageView, trim_path
from optout.browser.waiting import DeadlinePassed, Stop, wait_until
from optout.catalogue.models import Challenge, ChallengeKind, SignIn, SignInForm
from optout.errors import NeedsHuman, OptoutError, PageError
from optout.outcomes import now
from optout.secret import Secret, authenticator_code
from optout.visits import Visitor

FORM_SECONDS = 15.0
ANSWER_SECONDS = 30.0
UNATTENDED_SECONDS = 15.0
ATTENDED_SECONDS = 120.0


class Person(Protocol):
    """The person at the terminal, if there is one."""

    @property
    def is_there(self) -> bool:
        """Whether someone can answer."""

    def ask_code(self, account: str, question: str) -> str | None:
        """A code typed by the person; None when there is no one or nothing was typed."""

    def tell(self, account: str, text: str) -> None:
        """Tell the person what is waited for."""


class SignInFlow:
    """Signs one account in, once."""

    def __init__(self, account: str, person: Person, stop: Stop, credentials: Callable[[], Grant | Withheld]) -> None:
        self._account = account
        self._person = person
        self._stop = stop
        self._credentials = credentials
        self._looked_up: Future[Grant | Withheld] | None = None
        self._password_was_tried = False
        self._totp: Secret | None = None
        self._codes_tried: set[str] = set()

    @property
    def password_was_tried(self) -> bool:
        """Whether the stored password was typed in this run; it is so at most once."""
        return self._password_was_tried

    def look_up(self) -> None:
        """Begin to look up the credentials, where they will be needed: an encrypted file takes its time to open."""
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="credentials")
        self._looked_up = pool.submit(self._credentials)
        pool.shutdown(wait=False)

    def looked_up(self) -> Grant | Withheld:
        """The credentials, or why there are none. Raises `UsageError` where the keyring cannot be read."""
        return self._looked_up.result() if self._looked_up else self._credentials()

    def is_signed_in(self, signin: SignIn, session: Session, view: PageView, asked: str) -> bool:
        """The proof of being signed in: on the page asked for (or the start page), with the service's cookie."""
        proof = signin.signed_in
        on_a_right_page = view.path in {trim_path(asked), *(trim_path(path) for path in proof.paths)}
        if proof.cookie is None:
            return on_a_right_page
        return on_a_right_page and any(
            one["name"] == proof.cookie and one.get("value", {}).get("value") for one in session.cookies()
        )

    def by_password(self, session: Session, visitor: Visitor, tab: Tab) -> str:
        """Sign in with the stored password, on the sign-in page that the tab shows or a fresh one.

        Returns the path of the page where that ended: often the one that was asked for before.

        Raises `NeedsHuman` when only the person can go on, `PageError` when the site does not do its part.
        """
        signin = visitor.service.signin
        assert signin is not None  # noqa: S101 -- a service without sign-in is never signed out
        if self._password_was_tried:
            raise NeedsHuman(
                f"{visitor.service.title} signed '{self._account}' out again, and the password is tried only once per "
                f"run; sign in yourself: optout login {self._account}"
            )
        granted = self.looked_up()
        if isinstance(granted, Withheld):
            raise NeedsHuman(f"'{self._account}' is signed out and {granted.reason}")
        self._totp = granted.totp()
        if not _shows_sign_in_page(signin, visitor, tab):
            visitor.open(tab, signin.page)
        form = self._wait_for_form(session, visitor, tab)
        if form is None:
            return visitor.glance(tab)[0].path
        self._password_was_tried = True
        origin = visitor.service.origin
        _must(tab.ask("fill", {"css": form.username, "text": granted.username, "origin": origin}), "user name", visitor)
        typed = {"css": form.password, "text": granted.password.reveal(), "origin": origin, "hidden": True}
        _must(tab.ask("fill", typed), "password", visitor)
        visitor.take_turn()
        _must(
            tab.ask("submit", {"css": form.submit, "field": form.password, "origin": origin}), "sign-in button", visitor
        )
        return self.wait_until_in(session, visitor, tab)

    def wait_until_in(self, session: Session, visitor: Visitor, tab: Tab) -> str:
        """Follow the pages after a sign-in until the account is in; answer what the program may answer.

        Returns the path of the page that proves it.
        """
        signin = visitor.service.signin
        assert signin is not None  # noqa: S101
        deadline = time.monotonic() + ANSWER_SECONDS
        was_told = went_to_start = False
        view: PageView | None = None
        while time.monotonic() < deadline:
            self._stop.pause(0.05)
            tab.traffic.wait_quiet(still=0.06, within=2)
            try:
                view, recognized = visitor.glance(tab)
            except PageMoved:
                continue
            if recognized.kind is PageKind.READY and self.is_signed_in(signin, session, view, view.path):
                return view.path
            if recognized.kind is PageKind.ELSEWHERE:
                raise NeedsHuman(
                    f"{recognized.detail} in the middle of the sign-in, which the service itself led to. Nothing was "
                    "typed there, but the site may have passed on what was typed on its own sign-in page: if you do "
                    f"not know that address, change the password of '{self._account}'"
                )
            if recognized.kind in (PageKind.ERROR, PageKind.NOT_THERE):
                sign_in_paths = (signin.page, *signin.signed_out_paths, *signin.challenge_paths)
                if went_to_start or is_under(view.path, sign_in_paths):
                    raise PageError(f"sign-in failed: {recognized.detail}")
                # The page that was asked for before the sign-in is broken; the start page tells whether one is in.
                went_to_start = True
                visitor.open(tab, signin.signed_in.paths[0])
            if recognized.kind is PageKind.REFUSED:
                raise NeedsHuman(
                    f"{recognized.detail} of '{self._account}'; correct it: "
                    f"optout accounts add {self._account} --replace"
                )
            if recognized.kind is PageKind.CHALLENGE and not self._answer(visitor, tab, recognized) and not was_told:
                was_told = True
                deadline = time.monotonic() + self._wait_for_person(visitor)
        raise self._given_up(visitor, view, was_told)

    def challenge_text(self, visitor: Visitor, challenge: Challenge | None) -> str:
        """What a challenge asks of the person, and what to do next."""
        what = {
            ChallengeKind.CAPTCHA: "asks for a captcha, which only you may answer",
            ChallengeKind.EMAILED_CODE: "sent a code by e-mail",
            ChallengeKind.TWO_STEP: "asks for a two-step code",
        }
        asked = what[challenge.kind] if challenge else "waits for your approval (perhaps in its phone app)"
        return f"{visitor.service.title} {asked}; sign in yourself: optout login {self._account}"

    def _wait_for_form(self, session: Session, visitor: Visitor, tab: Tab) -> SignInForm | None:
        """The sign-in form that the page shows; None when it shows that the account is signed in after all."""
        signin = visitor.service.signin
        assert signin is not None  # noqa: S101
        deadline = time.monotonic() + FORM_SECONDS
        while True:
            tab.traffic.wait_quiet(still=0.06, within=FORM_SECONDS)
            view, recognized = visitor.glance(tab)
            if recognized.kind is PageKind.ELSEWHERE:
                raise PageError(f"the sign-in page led to {view.origin}: the password was not typed there")
            if recognized.kind is PageKind.CHALLENGE:
                raise NeedsHuman(self.challenge_text(visitor, recognized.challenge))
            if recognized.kind in (PageKind.ERROR, PageKind.NOT_THERE):
                raise PageError(f"the sign-in page failed: {recognized.detail}")
            if recognized.kind is PageKind.READY and self.is_signed_in(signin, session, view, ""):
                return None
            for form in signin.forms:
                if tab.ask("has", {"css": [form.username, form.password, form.submit]}):
                    return form
            if time.monotonic() >= deadline:
                raise NeedsHuman(
                    f"the sign-in page {view.path} shows no form that the catalogue knows; sign in yourself: "
                    f"optout login {self._account}"
                )
            self._stop.pause(0.1)

    def _wait_for_code_form(self, tab: Tab, fields: list[str]) -> None:
        """A challenge is known by its address at once, its form only when that much of the page is there."""

        def is_there() -> bool:
            with suppress(PageMoved):
                return bool(tab.ask("has", {"css": fields}))
            return False

        with suppress(DeadlinePassed):  # then typing says what is missing
            wait_until(is_there, within=FORM_SECONDS, stop=self._stop)

    def _answer(self, visitor: Visitor, tab: Tab, recognized: Recognized) -> bool:
        """Type a code where one is asked for and known; True when something was typed."""
        challenge = recognized.challenge
        if challenge is None:
            return False
        if challenge.kind is ChallengeKind.CAPTCHA or not (challenge.field and challenge.submit):
            raise NeedsHuman(self.challenge_text(visitor, challenge))
        if challenge.id in self._codes_tried:
            raise NeedsHuman(f"the code was not accepted. {self.challenge_text(visitor, challenge)}")
        self._wait_for_code_form(tab, [challenge.field, challenge.submit])
        code = self._code(visitor, challenge)
        if not code:
            raise NeedsHuman(self.challenge_text(visitor, challenge))
        self._codes_tried.add(challenge.id)
        origin = visitor.service.origin
        _must(tab.ask("fill", {"css": challenge.field, "text": code, "origin": origin}), "code", visitor)
        submit = {"css": challenge.submit, "field": challenge.field, "origin": origin}
        visitor.take_turn()
        mark = tab.traffic.mark()
        _must(tab.ask("submit", submit), "button", visitor)
        tab.traffic.wait_begun(mark, within=5)
        tab.traffic.wait_quiet(still=0.2, within=10)
        return True

    def _code(self, visitor: Visitor, challenge: Challenge) -> str | None:
        if challenge.kind is ChallengeKind.TWO_STEP and self._totp:
            return authenticator_code(self._totp, now())
        kind = "e-mailed" if challenge.kind is ChallengeKind.EMAILED_CODE else "two-step"
        return self._person.ask_code(
            self._account, f"The {kind} code from {visitor.service.title} for '{self._account}'"
        )

    def _wait_for_person(self, visitor: Visitor) -> float:
        """Tell the person that their approval is waited for; how many seconds to wait."""
        self._person.tell(self._account, f"{visitor.service.title} waits for your approval (perhaps in its phone app)")
        return ATTENDED_SECONDS if self._person.is_there else UNATTENDED_SECONDS

    def _given_up(self, visitor: Visitor, view: PageView | None, was_told: bool) -> OptoutError:
        if was_told:
            return NeedsHuman(self.challenge_text(visitor, None))
        where = view.path if view else "an unreadable page"
        return PageError(
            f"the sign-in did not end within {ANSWER_SECONDS:g} s; the page was {where}. Sign in yourself: "
            f"optout login {self._account}"
        )


def _shows_sign_in_page(signin: SignIn, visitor: Visitor, tab: Tab) -> bool:
    """Whether the site led to its sign-in page by itself: it remembers there which page was asked for."""
    try:
        view, recognized = visitor.glance(tab)
    except PageMoved:
        return False
    return recognized.kind is PageKind.SIGNED_OUT and view.path == trim_path(signin.page)


def _must(answer: dict[str, Any], what: str, visitor: Visitor) -> None:
    if not answer["done"]:
        raise PageError(f"{visitor.service.title}'s sign-in page: the {what} was not entered ({answer['why']})")
