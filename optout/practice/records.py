"""What the practice sites are given and what they keep: accounts, latency, operations, requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SignInKind = Literal[
    "password",
    "emailed-code",
    "two-step",
    "totp",
    "captcha",
    "approval",
    "unknown-challenge",
    "fake-nav-challenge",
    "wrong-password",
]

DEFAULT_USERNAME = "me@practice.test"
DEFAULT_PASSWORD = "practice-makes-perfect"
DEFAULT_TOTP_SECRET = "PRACTICEMAKESPERFECTPRACTICEMAKE"


@dataclass(frozen=True, slots=True)
class PracticeAccount:
    """One made-up member; `sign_in` is what follows a right password.

    Without a `totp_secret` of its own, an account's authenticator codes come from `DEFAULT_TOTP_SECRET`.
    """

    username: str = DEFAULT_USERNAME
    password: str = DEFAULT_PASSWORD
    totp_secret: str | None = None
    sign_in: SignInKind = "password"
    region: str = "eu"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the site takes, in seconds: for a page, for its data, for a save."""

    page_seconds: float = 0.0
    data_seconds: float = 0.0
    save_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Operation:
    """One write that reached the server, kept or not. `before` and `after` are what the write was about."""

    username: str
    control_id: str
    before: str
    after: str
    at: float
    kept: bool = True

    @property
    def setting_id(self) -> str:
        """The setting the control belongs to: `ads-education` for the box `ads-education/2`."""
        return self.control_id.split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class Request:
    """One request that reached the server; `at` is a monotonic time in seconds, header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    status: int
    at: float
    username: str | None
