"""Signing in to the practice site: the form, the challenges, and the cookies that prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp
from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from optout.practice import pages
from optout.practice.faults import SiteFault
from optout.practice.records import PracticeAccount

if TYPE_CHECKING:
    from optout.practice.site import PracticeSite

SESSION_COOKIE = "li_at"
_YEAR_SECONDS = 31_536_000
_CODE_KINDS = ("emailed-code", "two-step", "totp")


def safe_redirect(target: str) -> str:
    """The page that was asked for, if it is one of this site's own."""
    return target if target.startswith("/") and not target.startswith("//") else "/feed/"


class SignIn:
    """Every route of signing in and out."""

    def __init__(self, site: PracticeSite) -> None:
        self.site = site

    def add_routes(self, app: Flask) -> None:
        """Add the routes to the application."""
        for rule in ("/login", "/uas/login", "/authwall"):
            app.add_url_rule(rule, rule, self.login)
        app.add_url_rule("/checkpoint/lg/login-submit", "submit", self.submit, methods=["POST"])
        app.add_url_rule("/checkpoint/challenge/<token>", "challenge", self.challenge)
        app.add_url_rule("/checkpoint/challenge/verify", "verify", self.verify, methods=["POST"])
        app.add_url_rule("/checkpoint/challenge/status/<token>", "status", self.status)
        app.add_url_rule("/checkpoint/challenge/approved/<token>", "approved", self.approved)
        app.add_url_rule("/checkpoint/challenge/captcha-frame", "captcha", self.captcha_frame)
        app.add_url_rule("/m/logout", "logout", self.sign_out)

    def _form(self, target: str, error: str = "") -> Response:
        action = "/checkpoint/lg/login-submit"
        if self.site.scenario.has(SiteFault.FORM_ELSEWHERE):
            action = f"{self.site.elsewhere.origin}{action}"
        return self.site.outer_page("Sign in", pages.sign_in_form(action, target, error))

    def _challenged(self, token: str) -> PracticeAccount | None:
        username = self.site.store.challenged(token)
        return self.site.account(username) if username else None

    def login(self) -> AnyResponse:
        """The sign-in page; members go straight home."""
        site = self.site
        site.pause(site.latency.page_seconds)
        if site.current_username():
            return redirect("/feed/")
        if site.scenario.has(SiteFault.SIGN_IN_ELSEWHERE):
            return redirect(f"{site.elsewhere.origin}/login")
        return self._form(request.args.get("session_redirect", ""))

    def submit(self) -> AnyResponse:
        """A posted password: in, back to the form, or on to a challenge."""
        site = self.site
        site.pause(site.latency.page_seconds)
        username = request.form.get("session_key", "")
        target = request.form.get("session_redirect", "")
        site.store.count_password(username)
        account = site.account(username)
        kind = site.sign_in_kind(account) if account else "password"
        if account is None or request.form.get("session_password") != account.password or kind == "wrong-password":
            return self._form(target, "That's not the right password. Try again or reset it.")
        if kind == "password":
            return sign_in(site, account, target)
        return redirect(f"/checkpoint/challenge/{site.store.begin_challenge(username, target)}")

    def challenge(self, token: str) -> AnyResponse:
        """The challenge page."""
        self.site.pause(self.site.latency.page_seconds)
        account = self._challenged(token)
        return challenge_page(self.site, account, token) if account else redirect("/login")

    def verify(self) -> AnyResponse:
        """A posted code."""
        site = self.site
        site.pause(site.latency.page_seconds)
        token = request.form.get("challenge", "")
        account = self._challenged(token)
        if account is None:
            return redirect("/login")
        is_code = site.sign_in_kind(account) in _CODE_KINDS
        if not is_code or not is_right_code(site, account, request.form.get("pin", "").strip()):
            return challenge_page(site, account, token, "That code is not right. Try again.")
        return sign_in(site, account, site.store.end_challenge(token))

    def status(self, token: str) -> dict[str, str]:
        """What the approval page asks again and again."""
        account = self._challenged(token)
        is_approved = account is not None and self.site.store.is_approved(account.username)
        return {"next": f"/checkpoint/challenge/approved/{token}"} if is_approved else {}

    def approved(self, token: str) -> AnyResponse:
        """Where the approval page goes once somebody said yes."""
        account = self._challenged(token)
        if account is None or not self.site.store.is_approved(account.username):
            return redirect("/login")
        return sign_in(self.site, account, self.site.store.end_challenge(token))

    def captcha_frame(self) -> str:
        """The inside of the captcha's frame."""
        return (
            "<!doctype html><title>Practice site</title><p>Practice captcha: choose every picture with a curtain.</p>"
        )

    def sign_out(self) -> AnyResponse:
        """Sign this browser out."""
        self.site.store.close_session(request.cookies.get(SESSION_COOKIE, ""))
        return redirect("/login")


def is_right_code(site: PracticeSite, account: PracticeAccount, code: str) -> bool:
    """Whether that code lets the account in."""
    if site.sign_in_kind(account) == "totp":
        return pyotp.TOTP(site.totp_secret(account)).verify(code, valid_window=1)
    return bool(code) and code == site.store.code(account.username)


def challenge_page(site: PracticeSite, account: PracticeAccount, token: str, error: str = "") -> Response:
    """The challenge page that the account's kind of sign-in leads to."""
    kind = site.sign_in_kind(account)
    if kind in _CODE_KINDS:
        return site.outer_page("Quick check", pages.code_form(kind, token, error))
    if kind == "approval":
        return site.outer_page("Check your app", pages.approval_page(token))
    if kind == "unknown-challenge":
        return site.outer_page("One more question", pages.unknown_challenge_page())
    if kind == "fake-nav-challenge":
        return site.outer_page("Check your app", pages.approval_page(token), with_member_nav=True)
    return site.outer_page("Security check", pages.captcha_page())


def sign_in(site: PracticeSite, account: PracticeAccount, target: str) -> AnyResponse:
    """Open a session, set its cookies, and go to the page that was asked for."""
    response = redirect(safe_redirect(target), 303)
    token = site.store.open_session(account.username)
    response.set_cookie(SESSION_COOKIE, token, max_age=_YEAR_SECONDS, httponly=True, samesite="Lax")
    response.set_cookie("liap", "true", max_age=_YEAR_SECONDS, samesite="Lax")
    return response
