"""Choosing settings by id and group, and pages from a loopback address."""

from __future__ import annotations

import pytest

from optout.catalogue.loading import load_catalogue
from optout.catalogue.models import Service
from optout.catalogue.scope import scope, with_origin
from optout.errors import UsageError


@pytest.fixture(scope="module")
def linkedin() -> Service:
    return load_catalogue().service("linkedin")


def chosen(service: Service, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> list[str]:
    return [setting.id for setting in scope(service, only, skip)]


def test_without_names_the_default_groups_are_meant(linkedin: Service) -> None:
    names = chosen(linkedin)
    assert len(names) == 17
    assert not {"research", "cookies"} & set(names)


def test_ids_and_groups_are_taken_once_each_in_the_catalogues_order(linkedin: Service) -> None:
    assert chosen(linkedin, ("cookies", "affiliate-sharing", "ai-training", "cookies")) == [
        "ai-training", "affiliate-sharing", "cookies",
    ]  # fmt: skip


def test_what_is_skipped_is_left_out_of_what_is_named(linkedin: Service) -> None:
    assert "ads-age" not in chosen(linkedin, ("ad-personalization",), ("ads-age",))
    assert chosen(linkedin, skip=("ad-personalization",)) == ["ai-training", "affiliate-sharing"]


@pytest.mark.parametrize("where", ["only", "skip"])
def test_an_unknown_name_is_refused_with_the_nearest_and_all_known(linkedin: Service, where: str) -> None:
    with pytest.raises(UsageError) as refused:
        scope(linkedin, **{where: ("ads-agee",)})
    text = str(refused.value)
    assert text.startswith(
        "LinkedIn has no setting or group 'ads-agee' (did you mean 'ads-age'?). There are: ai-training, "
    )
    assert text.endswith("See them with: optout settings")


def test_nothing_left_is_refused(linkedin: Service) -> None:
    with pytest.raises(UsageError, match="No setting of LinkedIn is left"):
        scope(linkedin, ("cookies",), ("cookies",))


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8000", "http://localhost:1", "https://[::1]:8443", "http://127.0.0.1/"]
)
def test_loopback_origins_are_taken(linkedin: Service, origin: str) -> None:
    moved = with_origin(linkedin, origin)
    assert moved.origin == origin.rstrip("/")
    assert moved.is_loopback
    assert linkedin.origin == "https://www.linkedin.com"


@pytest.mark.parametrize(
    "origin",
    [
        "https://www.linkedin.com", "http://evil.example", "https://127.0.0.1.evil.example", "http://127.0.0.1@evil.example",
        "http://127.0.0.1:99999", "http://[::1", "ftp://127.0.0.1", "127.0.0.1:80", "", "http://127.0.0.1/x",
        "http://127.0.0.1\\@evil.example", "http://127.0.0.1 .evil.example", "http://127.0.0.1#@evil.example",
    ],
)  # fmt: skip
def test_any_other_origin_is_refused(linkedin: Service, origin: str) -> None:
    with pytest.raises(UsageError, match="is refused"):
        with_origin(linkedin, origin)
