"""The base of two made-up services that are nothing like the first: values, signing in, truth."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from optout.practice.records import Latency, PracticeAccount
from optout.practice.server import LoopbackSite
from optout.practice.signin import safe_redirect

_YEAR_SECONDS = 31_536_000


class ServiceSite(LoopbackSite):
    """A service whose settings are values: `off_values` and `on_values` say which one is off and which is on."""

    cookie_name: str
    home: str
    on_values: Mapping[str, str]
    off_values: Mapping[str, str]

    def __init__(
        self, latency: Latency | None = None, accounts: tuple[PracticeAccount, ...] = (), port: int = 0
    ) -> None:
        super().__init__(accounts, latency or Latency(), port)
        self.reset()

    def reset(self) -> None:
        """Forget sessions, operations and requests, and switch every setting on again."""
        self.store.reset({account.username: self.on_values for account in self.accounts})

    def truth(self, username: str) -> Mapping[str, str]:
        """The server's own state per setting; controls that are no setting show their value."""
        values = self.store.values(username)
        return MappingProxyType(
            {
                control: value if control not in self.off_values else self._state(control, value)
                for control, value in values.items()
            }
        )

    def _state(self, control: str, value: str) -> str:
        return "off" if value == self.off_values[control] else "on"

    def set(self, username: str, setting_id: str, on: bool) -> None:
        """Change the server's truth behind everybody's back. `KeyError` if there is no such setting."""
        value = self.on_values[setting_id] if on else self.off_values[setting_id]
        self.store.put(username, (setting_id,), value)

    def current_username(self) -> str | None:
        return self.store.session_username(request.cookies.get(self.cookie_name))

    def admit(self, username: str, password: str, target: str) -> AnyResponse | None:
        """The answer to a right password; None to a wrong one."""
        self.store.count_password(username)
        account = self.account(username)
        if account is None or account.password != password:
            return None
        response = redirect(safe_redirect(target) if target else self.home, 303)
        token = self.store.open_session(username)
        response.set_cookie(self.cookie_name, token, max_age=_YEAR_SECONDS, httponly=True, samesite="Lax")
        return response


def html_page(title: str, body: str, style: str) -> Response:
    """A whole document that says what it is."""
    notice = "A practice site on your own machine; nothing here leaves it."
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Practice site</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{style}</style></head><body>{body}<footer>{notice}</footer></body></html>"
    )
    response = Response(html, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response
