from __future__ import annotations

import copy
import json
import pickle
import traceback
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pytest

from optout.errors import UsageError
from optout.secret import Secret, authenticator_code, check_totp

MARK = "marked-password-7f3a"
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@dataclass
class Holder:
    secret: Secret


def test_no_ordinary_way_of_showing_a_value_shows_a_secret() -> None:
    secret = Secret(MARK)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>40}", "%s" % secret, format(secret, "30")]  # noqa: UP031
    shown += [repr(Holder(secret)), str(asdict(Holder(secret))), str([secret]), str(dir(secret))]
    shown += [repr(copy.copy(secret)), repr(copy.deepcopy(secret))]
    assert not [text for text in shown if MARK in text]
    assert secret.reveal() == MARK


def test_a_secret_is_not_written_anywhere() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(MARK))
    with pytest.raises(TypeError):
        json.dumps(Secret(MARK))
    with pytest.raises(TypeError):
        vars(Secret(MARK))


def test_a_traceback_with_values_does_not_show_a_secret() -> None:
    def failing(secret: Secret) -> None:
        raise ValueError(f"refused {secret}")

    try:
        failing(Secret(MARK))
    except ValueError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert "secret = Secret(hidden)" in "".join(report.format())
    assert MARK not in "".join(report.format())


def test_secrets_are_compared_by_content() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert not Secret("")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("gezd gnbv gy3t qojq gezd gnbv gy3t qojq", RFC_SECRET),
        ("GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ", RFC_SECRET),
        (f" {RFC_SECRET}\t", RFC_SECRET),
        (
            f"otpauth://totp/Site:me?secret={RFC_SECRET}&digits=8",
            f"otpauth://totp/Site:me?secret={RFC_SECRET}&digits=8",
        ),
    ],
)
def test_an_authenticator_secret_is_taken_in_the_forms_that_sites_show(given: str, stored: str) -> None:
    assert check_totp(Secret(given)).reveal() == stored


@pytest.mark.parametrize(
    "given",
    [
        "",
        "   ",
        "123456",
        "not a secret!",
        "otpauth://x",
        "otpauth://hotp/me?secret=GEZDGNBV&counter=1",
        "otpauth://totp/me?secret=1",
        "otpauth://totp/me",
        f"otpauth://totp/me?secret={RFC_SECRET}&period=0",
        f"otpauth://totp/me?secret={RFC_SECRET}&digits=x",
        f"otpauth://totp/me?secret={RFC_SECRET}&secret=A",
    ],
)
def test_what_makes_no_code_is_refused_without_being_shown(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_totp(Secret(given))
    assert str(caught.value).startswith("The authenticator secret is not one:")
    assert caught.value.__cause__ is None
    assert not given.strip() or given not in str(caught.value)


def test_a_secret_below_80_bits_is_refused_with_a_way_out() -> None:
    with pytest.raises(UsageError, match=r"is too short .+ optout login NAME$"):
        check_totp(Secret(RFC_SECRET[:8]))


def test_a_secret_of_80_bits_gives_the_codes_of_its_own_key() -> None:
    # Worked out with hashlib's HMAC-SHA1 of the ten bytes, for the counter 1700000000 // 30.
    assert (
        authenticator_code(check_totp(Secret("JBSWY3DPEHPK3PXP")), datetime.fromtimestamp(1700000000, UTC)) == "324550"
    )


def test_codes_are_those_of_rfc_6238() -> None:
    moment = datetime.fromtimestamp(59, UTC)
    assert authenticator_code(Secret(RFC_SECRET), moment) == "287082"
    assert authenticator_code(Secret(f"otpauth://totp/x?secret={RFC_SECRET}&digits=8"), moment) == "94287082"
