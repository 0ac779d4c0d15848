"""Signing in to the practice site: the form, the challenges, and the cookies that prove it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pyotp
from flask import Blueprint, Response, redirect, request
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


def sign_in_blueprint(site: PracticeSite) -> Blueprint:
    """Every route of signing in and out."""
    blueprint = Blueprint("signin", __name__)

    def form(error: str = "", target: str = "") -> Response:
        action = "/checkpoint/lg/login-submit"
        if site.scenario.has(SiteFault.FORM_ELSEWHERE):
            action = f"{site.elsewhere.origin}{action}"
        return site.outer_page("Sign in", pages.sign_in_form(action, target, error))

    @blueprint.get("/login")
    @blueprint.get("/uas/login")
    @blueprint.get("/authwall")
    def login() -> AnyResponse:
        site.pause(site.latency.page_seconds)
        if site.current_username():
            return redirect("/feed/")
        if site.scenario.has(SiteFault.SIGN_IN_ELSEWHERE):
            return redirect(f"{site.elsewhere.origin}/login")
        return form(target=request.args.get("session_redirect", ""))

    @blueprint.post("/checkpoint/lg/login-submit")
    def submit() -> AnyResponse:
        site.pause(site.latency.page_seconds)
        username = request.form.get("session_key", "")
        target = request.form.get("session_redirect", "")
        site.store.count_password(username)
        account = site.account(username)
        kind = site.sign_in_kind(account) if account else "password"
        if account is None or request.form.get("session_password") != account.password or kind == "wrong-password":
            return form("That's not the right password. Try again or reset it.", target)
        if kind == "password":
            return sign_in(site, account, target)
        token = site.store.begin_challenge(username)
        return redirect(f"/checkpoint/challenge/{token}?{urlencode({'session_redirect': target})}")

    @blueprint.get("/checkpoint/challenge/<token>")
    def challenge(token: str) -> AnyResponse:
        site.pause(site.latency.page_seconds)
        username = site.store.challenged(token)
        account = site.account(username) if username else None
        if account is None:
            return redirect("/login")
        return challenge_page(site, account, token)

    @blueprint.post("/checkpoint/challenge/verify")
    def verify() -> AnyResponse:
        site.pause(site.latency.page_seconds)
        token = request.form.get("challenge", "")
        username = site.store.challenged(token)
        account = site.account(username) if username else None
        if account is None:
            return redirect("/login")
        kind = site.sign_in_kind(account)
        if kind not in _CODE_KINDS or not is_right_code(site, account, request.form.get("pin", "").strip()):
            return challenge_page(site, account, token, "That code is not right. Try again.")
        site.store.end_challenge(token)
        return sign_in(site, account, "/feed/")

    @blueprint.get("/checkpoint/challenge/status/<token>")
    def status(token: str) -> dict[str, str]:
        username = site.store.challenged(token)
        return {"next": f"/checkpoint/challenge/approved/{token}"} if username and site.store.is_approved(username) else {}

    @blueprint.get("/checkpoint/challenge/approved/<token>")
    def approved(token: str) -> AnyResponse:
        username = site.store.challenged(token)
        account = site.account(username) if username else None
        if account is None or not site.store.is_approved(account.username):
            return redirect("/login")
        site.store.end_challenge(token)
        return sign_in(site, account, "/feed/")

    @blueprint.get("/checkpoint/challenge/captcha-frame")
    def captcha_frame() -> str:
        return "<!doctype html><title>Practice site</title><p>Practice captcha: choose every picture with a curtain.</p>"

    @blueprint.get("/m/logout")
    def sign_out() -> AnyResponse:
        site.store.close_session(request.cookies.get(SESSION_COOKIE, ""))
        return redirect("/login")

    return blueprint


def is_right_code(site: PracticeSite, account: PracticeAccount, code: str) -> bool:
    """Whether that code lets the account in."""
    if site.sign_in_kind(account) == "totp":
        return bool(account.totp_secret) and pyotp.TOTP(str(account.totp_secret)).verify(code, valid_window=1)
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
