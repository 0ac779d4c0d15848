from __future__ import annotations

import pytest

from optout.origins import is_loopback, is_same_origin, normal_origin


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "https://A.example:443/x?y", True),
        ("http://[::1]:80", "http://[::1]", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:444", False),
        ("https://a.example", "https://b.example", False),
        ("https://a.example", "https://a.example.evil.example", False),
        ("https://a.example", "https://a.example@evil.example", False),
        ("https://a.example:x", "https://a.example:x", False),
        ("", "", False),
    ],
)
def test_origins_are_the_same_by_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert is_same_origin(one, other) is same


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:5000", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost@evil.example", False),
        ("http://10.0.0.1", False),
        ("nonsense", False),
    ],
)
def test_loopback_is_this_machine_only(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


def test_an_origin_has_one_spelling() -> None:
    assert normal_origin("HTTPS://A.example:443/x") == "https://a.example"
    assert normal_origin("http://[::1]:8080/") == "http://[::1]:8080"
