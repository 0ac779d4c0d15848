"""Whole documents: the shell that the script fills, plain pages, and the sign-in and challenge pages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from optout.practice.words import Words

NOTICE = "This is a practice site on your own machine. It is not LinkedIn, and nothing here leaves it."


@dataclass(frozen=True, slots=True)
class Shell:
    """What a document is made of: `data` is where its script gets the page, `inline` a page rendered by the server."""

    title: str
    words: Words
    build: str
    data: str | None = None
    inline: dict[str, Any] | None = None
    main: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    bare: bool = False
    signed_in: bool = True


@cache
def asset(name: str) -> str:
    """The text of a file of the practice site."""
    return (files("optout.practice") / "assets" / name).read_text(encoding="utf-8")


def json_for_script(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _header(shell: Shell) -> str:
    if shell.bare:
        return ""
    notice = f'<p class="pp-notice">{NOTICE}</p>'
    if not shell.signed_in:
        return (
            f'{notice}<header class="pp-header" id="top"><a class="pp-brand" href="/">Practice site</a>'
            '<nav class="pp-nav" aria-label="Main"><a href="/help/">Help</a></nav></header>'
        )
    return (
        f'{notice}<header class="pp-header" id="top"><a class="pp-brand" href="/feed/">Practice site</a>'
        '<nav class="pp-nav" aria-label="Main"><a href="/feed/">Home</a>'
        '<a href="/mypreferences/d/categories/privacy">Data privacy</a>'
        '<a href="/mypreferences/d/categories/ads">Advertising data</a>'
        '<a class="global-nav__me" href="/in/me/">Me</a></nav>'
        '<div class="pp-theme"><span id="theme-name">Dark theme</span><input type="checkbox" role="switch"'
        ' aria-labelledby="theme-name" class="pp-hidden" data-w="0"><label class="pp-switch" aria-hidden="true">'
        "</label></div></header>"
    )


def _footer(shell: Shell) -> str:
    if shell.bare:
        return ""
    return (
        f'<footer class="pp-footer"><a href="/help/">Help</a><a href="/help/ads">Ad choices</a>'
        f'<a href="/help/privacy">Privacy and terms</a><p>{NOTICE}</p></footer>'
    )


def document(shell: Shell) -> str:
    """The whole HTML document."""
    words = shell.words.all_terms()
    settings = {
        "words": words,
        "data": shell.data,
        "inline": shell.inline,
        "wires": [{"id": "theme"}],
        **shell.options,
    }
    root = shell.inline["html"] if shell.inline else shell.main
    loading = '<p class="pp-loading">Loading…</p>' if shell.data else ""
    script = (
        f'<script type="application/json" id="shell">{json_for_script(settings)}</script>'
        f'<script src="/assets/practice.{shell.build}.js" defer></script>'
    )
    return (
        f'<!doctype html><html lang="{shell.words.language}"><head><meta charset="utf-8">'
        f"<title>{escape(shell.title)} · Practice site</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="/assets/practice.{shell.build}.css"></head><body>{_header(shell)}'
        f'<div id="root" class="pp-layout">{root}{loading}</div>{_footer(shell)}{script}</body></html>'
    )


def _field(label: str, control: str) -> str:
    return f'<div class="pp-field">{label}{control}</div>'


def sign_in_form(action: str, redirect: str, error: str = "") -> str:
    """The sign-in form; `error` fills the error place that is empty otherwise."""
    hidden = "" if error else " hidden"
    return (
        '<main class="pp-sign-in"><h1 class="pp-title">Sign in</h1>'
        f'<form method="post" action="{escape(action)}">'
        f'<input type="hidden" name="session_redirect" value="{escape(redirect)}">'
        + _field(
            '<label for="username">Email or phone</label>',
            '<input id="username" name="session_key" type="text" autocomplete="username" required>'
            '<div id="error-for-username" class="pp-error" hidden></div>',
        )
        + _field(
            '<label for="password">Password</label>',
            '<input id="password" name="session_password" type="password" autocomplete="current-password" required>'
            f'<div id="error-for-password" class="pp-error"{hidden}>{escape(error)}</div>',
        )
        + '<button type="submit" class="pp-primary">Sign in</button></form>'
        '<p><a href="/help/password">Forgot password?</a></p></main>'
    )


def code_form(kind: str, token: str, error: str = "") -> str:
    """The page that asks for an emailed code or a two-step code."""
    if kind == "emailed-code":
        form, name, button = "email-pin-challenge", "input__email_verification_pin", "email-pin-submit-button"
        text, extra = "We sent a code to your email address.", ""
    else:
        form, name, button = "two-step-challenge", "input__phone_verification_pin", "two-step-submit-button"
        text = "Enter the code from your phone or authenticator app."
        extra = (
            '<div class="pp-field"><input type="checkbox" id="recognizedDevice" name="recognizedDevice" checked>'
            '<label for="recognizedDevice">Recognize this device in the future</label></div>'
        )
    return (
        f'<main class="pp-sign-in"><h1 class="pp-title">Let us do a quick check</h1><p>{text}</p>'
        f'<form id="{form}" method="post" action="/checkpoint/challenge/verify">'
        f'<input type="hidden" name="challenge" value="{escape(token)}">'
        + _field(
            f'<label for="{name}">Code</label>',
            f'<input id="{name}" name="pin" inputmode="numeric" autocomplete="one-time-code" required>'
            f'<div class="pp-error">{escape(error)}</div>',
        )
        + f'{extra}<button type="submit" id="{button}" class="pp-primary">Submit</button></form></main>'
    )


def captcha_page() -> str:
    """A picture puzzle that only a person may answer."""
    return (
        '<main class="pp-sign-in"><h1 class="pp-title">Let us do a quick security check</h1><div id="captcha-internal">'
        '<iframe title="Puzzle" class="pp-frame" src="/checkpoint/challenge/captcha-frame"></iframe></div></main>'
    )


def approval_page(token: str) -> str:
    """Neither a code field nor a captcha: the person says yes in the app, and the page goes on by itself."""
    return (
        '<main class="pp-sign-in"><h1 class="pp-title">Check your app</h1>'
        "<p>We sent a notification to your signed-in devices. Open the app and tap Yes.</p></main>"
        "<script>(function ask(){fetch('/checkpoint/challenge/status/"
        f"{escape(token)}"
        "').then(a=>a.json()).then(a=>{if(a.next)location.assign(a.next);else setTimeout(ask,400)})})()</script>"
    )


def unknown_challenge_page() -> str:
    """A check of a kind that no catalogue describes."""
    return (
        '<main class="pp-sign-in"><h1 class="pp-title">One more question</h1>'
        '<form method="post" action="/checkpoint/challenge/other">'
        + _field(
            '<label for="memorable">Your memorable word</label>',
            '<input id="memorable" name="memorable_word" type="text" required>',
        )
        + '<button type="submit" class="pp-primary">Continue</button></form></main>'
    )


def plain_main(heading: str, text: str) -> str:
    """A page with nothing to switch."""
    return f'<main class="pp-main"><h1 class="pp-title">{escape(heading)}</h1><p>{escape(text)}</p></main>'
