"""The server's own truth: values, sessions, operations and requests, safe to use from many threads."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from optout.practice.records import Operation, Request


@dataclass(slots=True)
class Session:
    """One signed-in browser."""

    username: str
    pages: int = 0


class Store:
    """Everything a practice site remembers. Every method is atomic."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._values: dict[str, dict[str, str]] = {}
        self._operations: list[Operation] = []
        self._requests: list[Request] = []
        self._sessions: dict[str, Session] = {}
        self._pending: dict[str, tuple[str, str]] = {}
        self._codes: dict[str, str] = {}
        self._passwords: dict[str, int] = {}
        self._approved: set[str] = set()
        self._once: set[str] = set()

    def reset(self, values: Mapping[str, Mapping[str, str]]) -> None:
        """Forget everything and begin with these values per account."""
        with self._lock:
            self._values = {username: dict(each) for username, each in values.items()}
            self._operations.clear()
            self._requests.clear()
            self._sessions.clear()
            self._pending.clear()
            self._codes.clear()
            self._passwords.clear()
            self._approved.clear()
            self._once.clear()

    def values(self, username: str) -> dict[str, str]:
        """A copy of all values of one account."""
        with self._lock:
            return dict(self._values.get(username, {}))

    def value(self, username: str, control_id: str, default: str = "off") -> str:
        """One value."""
        with self._lock:
            return self._values.get(username, {}).get(control_id, default)

    def put(self, username: str, control_ids: Iterable[str], value: str) -> None:
        """Change values without an operation: the site's own doing."""
        with self._lock:
            for control_id in control_ids:
                self._values.setdefault(username, {})[control_id] = value

    def write(self, username: str, control_id: str, value: str, *, keep: bool = True) -> Operation:
        """Record a write that was received, and keep its value or not."""
        with self._lock:
            before = self.value(username, control_id)
            operation = Operation(username, control_id, before, value, time.monotonic(), keep)
            self._operations.append(operation)
            if keep:
                self._values.setdefault(username, {})[control_id] = value
            return operation

    def first_time(self, key: str) -> bool:
        """True for the first caller with that key since the last reset, False ever after."""
        with self._lock:
            if key in self._once:
                return False
            self._once.add(key)
            return True

    def has_happened(self, key: str) -> bool:
        """Whether `first_time` was asked about that key since the last reset."""
        with self._lock:
            return key in self._once

    def close_all_sessions(self) -> None:
        """Sign every browser out."""
        with self._lock:
            self._sessions.clear()

    def operations(self) -> tuple[Operation, ...]:
        """All operations in order."""
        with self._lock:
            return tuple(self._operations)

    def requests(self) -> tuple[Request, ...]:
        """All requests in order."""
        with self._lock:
            return tuple(self._requests)

    def add_request(self, request: Request) -> None:
        """Record one answered request."""
        with self._lock:
            self._requests.append(request)

    def count_password(self, username: str) -> None:
        """Record that a password was posted."""
        with self._lock:
            self._passwords[username] = self._passwords.get(username, 0) + 1

    def password_posts(self, username: str) -> int:
        """How many passwords were posted for that account."""
        with self._lock:
            return self._passwords.get(username, 0)

    def open_session(self, username: str) -> str:
        """A new session's token."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._sessions[token] = Session(username)
        return token

    def close_session(self, token: str) -> None:
        """Sign one browser out."""
        with self._lock:
            self._sessions.pop(token, None)

    def session_username(self, token: str | None) -> str | None:
        """Who a token belongs to."""
        with self._lock:
            session = self._sessions.get(token or "")
            return session.username if session else None

    def count_page(self, token: str | None) -> int:
        """Count one more page of this session and tell how many it has had."""
        with self._lock:
            session = self._sessions.get(token or "")
            if session is None:
                return 0
            session.pages += 1
            return session.pages

    def begin_challenge(self, username: str, target: str = "") -> str:
        """A token for a sign-in that is not finished; a fresh code goes with it, and where to go afterwards."""
        token = secrets.token_urlsafe(12)
        with self._lock:
            self._pending[token] = (username, target)
            self._codes[username] = f"{secrets.randbelow(1_000_000):06d}"
        return token

    def challenged(self, token: str) -> str | None:
        """Whose unfinished sign-in that token is."""
        with self._lock:
            return self._pending[token][0] if token in self._pending else None

    def end_challenge(self, token: str) -> str:
        """The challenge was met: its token is of no more use. Returns where to go now."""
        with self._lock:
            username, target = self._pending.pop(token, ("", ""))
            self._approved.discard(username)
            return target

    def code(self, username: str) -> str | None:
        """The last code that was sent to that account."""
        with self._lock:
            return self._codes.get(username)

    def approve(self, username: str) -> None:
        """The person tapped Yes in the app."""
        with self._lock:
            self._approved.add(username)

    def is_approved(self, username: str) -> bool:
        """Whether the person tapped Yes."""
        with self._lock:
            return username in self._approved
