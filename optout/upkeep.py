"""What a look at a setting's page says of its selectors: still right, found again, or in need of a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from optout.browser.views import trim_path
from optout.catalogue.models import Service, Setting
from optout.outcomes import RELOCATED, AccountResult, Outcome, SettingResult


class Fit(StrEnum):
    """How a setting's selectors do."""

    FITS = "fits"
    OLDER = "fits an older version"
    FOUND_AGAIN = "found again"
    NOT_OFFERED = "not offered"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One setting's selectors: how they do, and what a person should do about it (None: nothing)."""

    result: SettingResult
    fit: Fit
    needs: str | None

    @property
    def is_right(self) -> bool:
        """Whether a version of the catalogue was proved right, or there is nothing to prove."""
        return self.fit in (Fit.FITS, Fit.OLDER, Fit.NOT_OFFERED)

    def as_json(self) -> dict[str, Any]:
        """The setting as the JSON document shows it."""
        one = self.result
        return {
            "id": one.id,
            "title": one.title,
            "url": one.url,
            "selector": one.selector,
            "fit": self.fit,
            "witnesses": list(one.witnesses),
            "score": one.score,
            "needs": self.needs,
        }


def upkeep_of(setting: Setting, result: SettingResult) -> Upkeep:
    """How this setting's selectors did in a run that read its own page."""
    if result.selector is None:
        if result.outcome is Outcome.NOT_OFFERED:
            return Upkeep(result, Fit.NOT_OFFERED, None)
        return Upkeep(result, Fit.NOT_FOUND, f"{result.reason}. Show it: optout selectors record {setting.id} --click")
    if result.selector == RELOCATED:
        return Upkeep(
            result, Fit.FOUND_AGAIN, f"no version fits; keep what was found: optout selectors record {setting.id}"
        )
    path = trim_path(urlsplit(result.url or "").path)
    moved = bool(setting.paths) and path not in {trim_path(one.path) for one in setting.paths}
    needs = f"its page is at {path} now; keep it: optout selectors record {setting.id}" if moved else None
    is_newest = result.selector == setting.controls[0].id
    return Upkeep(result, Fit.FITS if is_newest else Fit.OLDER, needs)


def upkeep_of_account(service: Service, account: AccountResult) -> tuple[Upkeep, ...]:
    """Every setting of an account's result."""
    return tuple(upkeep_of(service.setting(one.id), one) for one in account.settings)
