"""What must not be seen: passwords, authenticator secrets, passphrases, and what keeps them."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime
from typing import NoReturn, Protocol, SupportsIndex, final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from optout.errors import UsageError

HIDDEN = "(hidden)"
NOT_BASE32 = (
    "The authenticator secret is not one: expected letters A-Z and digits 2-7 as the site shows them "
    "beside the QR code (spaces are allowed), or the whole otpauth://totp/ address."
)
TOO_SHORT = (
    "The authenticator secret is too short (below 80 bits, 16 characters). Copy it whole; "
    "if this is all of it, leave it out and sign in yourself: optout login NAME"
)
FEWEST_BYTES = 10
BYTES_FOR_PYOTP = 20


@final
class Secret:
    """A secret text that `repr`, `str`, formatting, copying to disk and comparing by order do not reveal.

    Only `reveal()` gives the text; call it at the place that types or stores it, and keep nothing.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret{HIDDEN}"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")


class Secrets(Protocol):
    """Where secrets are kept: by account and by the origin that they are for.

    Every method raises `UsageError` where the keeper is locked, refuses or is missing.
    """

    def password(self, account: str, origin: str) -> Secret | None:
        """The account's password on that origin, if there is one."""

    def totp(self, account: str, origin: str) -> Secret | None:
        """The account's authenticator secret on that origin, if there is one."""

    def store(self, account: str, origin: str, password: Secret, totp: Secret | None) -> None:
        """Keeps both; an earlier authenticator secret is gone when `totp` is none."""

    def delete(self, account: str, origin: str) -> None:
        """Forgets both; what is not there is no error."""


class MemorySecrets:
    """Secrets for the length of one run: the practice site's own account, and tests."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Secret, Secret | None]] = {}

    def password(self, account: str, origin: str) -> Secret | None:
        """The password, if there is one."""
        found = self._kept.get((account, origin))
        return found[0] if found else None

    def totp(self, account: str, origin: str) -> Secret | None:
        """The authenticator secret, if there is one."""
        found = self._kept.get((account, origin))
        return found[1] if found else None

    def store(self, account: str, origin: str, password: Secret, totp: Secret | None) -> None:
        """Keeps both until the program ends."""
        self._kept[account, origin] = (password, totp)

    def delete(self, account: str, origin: str) -> None:
        """Forgets both."""
        self._kept.pop((account, origin), None)


def check_totp(secret: Secret) -> Secret:
    """The authenticator secret, in the form that is stored: base32 without spaces, or an otpauth:// address.

    Raises `UsageError` when no code could be made of it; the text never shows the secret.
    """
    text = secret.reveal().strip()
    is_address = text.lower().startswith("otpauth:")
    tidy = Secret(text if is_address else re.sub(r"[\s-]", "", text).upper().rstrip("="))
    try:
        if not tidy or (is_address and not text.startswith("otpauth://totp/")):
            raise ValueError
        authenticator_code(tidy, datetime.fromtimestamp(0, UTC))
    except (ValueError, TypeError, ArithmeticError) as error:
        # Without the cause: its text may quote the secret.
        raise UsageError(TOO_SHORT if "too short" in str(error) else NOT_BASE32) from None
    return tidy


def authenticator_code(secret: Secret, moment: datetime) -> str:
    """The code that an authenticator app shows at that moment; `ValueError` when the secret is none."""
    import pyotp  # noqa: PLC0415 -- only needed where a site asks for a code

    text = secret.reveal()
    parsed = pyotp.parse_uri(_with_long_key(text)) if text.startswith("otpauth:") else pyotp.TOTP(_lengthened(text))
    if not isinstance(parsed, pyotp.TOTP) or parsed.interval <= 0:
        raise ValueError("not an authenticator secret")
    return str(parsed.at(moment))


def _lengthened(key: str) -> str:
    """The same key, with zero bytes to the length that pyotp (2.12) insists on.

    Many sites give keys of 80 bits. HMAC fills a key up to its block with zero bytes anyway (RFC 2104, section 2), so
    the codes are the same.
    """
    content = base64.b32decode(key.upper().rstrip("=") + "=" * (-len(key.rstrip("=")) % 8))
    if len(content) < FEWEST_BYTES:
        raise ValueError("too short")
    return base64.b32encode(content.ljust(BYTES_FOR_PYOTP, b"\0")).decode().rstrip("=")


def _with_long_key(address: str) -> str:
    parts = urlsplit(address)
    query = [(name, _lengthened(value) if name == "secret" else value) for name, value in parse_qsl(parts.query)]
    return urlunsplit(parts._replace(query=urlencode(query)))
