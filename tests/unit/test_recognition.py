"""Knowing the page first: nothing but a plain page of the service is ready to be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optout.browser.recognition import (
    FORM_PASSWORD,
    FORM_USERNAME,
    REFUSED,
    SLOW,
    PageKind,
    is_under,
    recognize,
    signs_to_look_for,
)
from optout.browser.views import page_view
from tests.views import ORIGIN, directory, page, raw_page

SERVICE = directory().service
CHALLENGES = SERVICE.signin.challenges if SERVICE.signin else ()


def kind(status: int = 200, **changes: Any) -> PageKind:
    return recognize(SERVICE, page(**changes), status).kind


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, PageKind.READY),
        (429, PageKind.SLOWED_DOWN),
        (999, PageKind.SLOWED_DOWN),
        (404, PageKind.NOT_THERE),
        (410, PageKind.NOT_THERE),
        (500, PageKind.ERROR),
        (503, PageKind.ERROR),
        (403, PageKind.ERROR),
    ],
)
def test_the_status_of_the_document_says_what_a_page_is(status: int, expected: PageKind) -> None:
    assert kind(status) is expected


def test_signs_of_a_page_go_before_its_status() -> None:
    assert kind(signs=frozenset({SLOW})) is PageKind.SLOWED_DOWN
    assert kind(signs=frozenset({REFUSED})) is PageKind.REFUSED
    assert kind(signs=frozenset({FORM_USERNAME, FORM_PASSWORD})) is PageKind.SIGNED_OUT
    assert kind(signs=frozenset({FORM_PASSWORD})) is PageKind.READY


@pytest.mark.parametrize("path", ["/login", "/checkpoint/lg/login-submit", "/checkpoint/challenge/x"])
@pytest.mark.parametrize(
    ("status", "expected"),
    [(500, PageKind.ERROR), (503, PageKind.ERROR), (405, PageKind.ERROR), (404, PageKind.NOT_THERE)],
)
def test_an_error_page_at_the_address_of_a_sign_in_is_an_error(path: str, status: int, expected: PageKind) -> None:
    assert recognize(SERVICE, page(path), status).kind is expected
    assert recognize(SERVICE, page(path), 200).kind in (PageKind.SIGNED_OUT, PageKind.CHALLENGE)


def test_a_sign_in_that_comes_with_an_error_status_is_one_all_the_same() -> None:
    assert kind(401, signs=frozenset({FORM_USERNAME, FORM_PASSWORD})) is PageKind.SIGNED_OUT
    assert kind(403, signs=frozenset({f"challenge:{CHALLENGES[0].id}"})) is PageKind.CHALLENGE


def test_every_challenge_of_the_catalogue_is_known_by_its_sign() -> None:
    assert len(CHALLENGES) >= 3
    for challenge in CHALLENGES:
        found = recognize(SERVICE, page(signs=frozenset({f"challenge:{challenge.id}"})), 200)
        assert (found.kind, found.challenge) == (PageKind.CHALLENGE, challenge)


def test_a_page_of_another_origin_is_elsewhere_even_if_it_looks_like_a_sign_in() -> None:
    view = page(url="https://www.linkedin.com.example.org/login", signs=frozenset({FORM_USERNAME, FORM_PASSWORD}))
    found = recognize(SERVICE, view, 200)
    assert (found.kind, found.detail) == (PageKind.ELSEWHERE, "the page led to https://www.linkedin.com.example.org")


@pytest.mark.parametrize(
    "url", ["http://www.linkedin.com/x", "https://linkedin.com/x", "https://www.linkedin.com:8443/x"]
)
def test_another_scheme_host_or_port_is_elsewhere(url: str) -> None:
    assert kind(url=url) is PageKind.ELSEWHERE


def test_a_sign_in_path_is_signed_out_without_a_form() -> None:
    assert SERVICE.signin is not None
    assert kind(url=ORIGIN + SERVICE.signin.page) is PageKind.SIGNED_OUT


def test_a_path_is_below_another_only_at_a_slash() -> None:
    assert is_under("/login", ("/login",))
    assert is_under("/login/x", ("/login/",))
    assert not is_under("/loginx", ("/login",))
    assert not is_under("/anything", ("/",))


@given(
    url=st.sampled_from([ORIGIN, "about:blank", "chrome-error://chromewebdata/", "data:text/html,x", "", "https://["]),
    status=st.integers(-1, 1200),
    signs=st.sets(st.sampled_from([one["name"] for one in signs_to_look_for(SERVICE)]), max_size=3),
)
def test_only_a_page_of_the_service_without_signs_or_errors_is_ready(url: str, status: int, signs: set[str]) -> None:
    try:
        view = page_view(raw_page(url=url, signs=sorted(signs)))
        found = recognize(SERVICE, view, status)
    except ValueError:
        assert url == "https://["  # no browser is ever at such an address
        return
    if found.kind is PageKind.READY:
        assert url == ORIGIN
        assert status < 400
        assert signs <= {FORM_USERNAME, FORM_PASSWORD}
        assert len(signs) < 2
