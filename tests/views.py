"""Looks at pages, made by hand: what page.js would answer, for the functions that decide from it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from optout.browser.views import ControlView, PageView, RawState, RowView
from optout.catalogue.loading import load_catalogue
from optout.catalogue.models import Setting
from optout.directory import Directory

ORIGIN = "https://www.linkedin.com"
AGE_PATH = "/mypreferences/d/settings/ads-by-age"
AGE_CTL = "allowAdsByAge"
SWITCH = RawState("checkbox", True, False, None, None, False)


def directory() -> Directory:
    """The packaged catalogue's."""
    catalogue = load_catalogue()
    return Directory.of(catalogue, catalogue.services[0])


def setting(setting_id: str = "ads-age") -> Setting:
    """A setting of the packaged catalogue."""
    return next(one for one in load_catalogue().services[0].settings if one.id == setting_id)


def state(**changes: Any) -> RawState:
    """A checkbox that is on, but for these changes."""
    return replace(SWITCH, **changes)


def control(key: str = "1", **changes: Any) -> ControlView:
    """A switch without any id or label, but for these changes."""
    plain = ControlView(key, "input", "checkbox", "switch", None, None, (), (), (), ("div", "main"), SWITCH)
    return replace(plain, **changes)


def page(
    path: str = AGE_PATH, *controls: ControlView, found_by: int = 0, versions: int = 1, **changes: Any
) -> PageView:
    """A page with these controls, all of them found by one version and by nothing else."""
    matches = tuple(tuple(range(len(controls))) if at == found_by else () for at in range(versions))
    plain = PageView(
        url=ORIGIN + path,
        title="Settings",
        lang="en",
        status=200,
        controlled=False,
        hidden=False,
        signs=frozenset(),
        text="",
        has_main=True,
        controls=controls,
        matches=matches,
        all_controls=tuple(range(len(controls))),
    )
    return replace(plain, **changes)


def row(path: str, *texts: str, label: str = "", origin: str = ORIGIN) -> RowView:
    """A row of an index."""
    return RowView(origin + path, label, texts)


def raw_page(**changes: Any) -> Mapping[str, Any]:
    """An answer of page.js, as it comes over the wire."""
    return {
        "url": ORIGIN + AGE_PATH,
        "title": "Settings",
        "lang": "en",
        "ready": "complete",
        "status": 200,
        "hidden": False,
        "controlled": False,
        "signs": [],
        "text": "",
        **changes,
    }
