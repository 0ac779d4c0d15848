"""What the shell offers after Tab: names of accounts, settings, groups, scenarios and regions. Never fails."""

from __future__ import annotations

import json
import os
from contextlib import suppress


def account_names(incomplete: str) -> list[str]:
    """Names of the accounts that are set up; none where that cannot be read."""
    from optout.places import Places

    with suppress(Exception):
        document = json.loads(Places.from_environment(os.environ).accounts_file.read_text(encoding="utf-8"))
        names = [str(account["name"]) for account in document["accounts"]]
        return [name for name in names if name.startswith(incomplete)]
    return []


def settings_and_groups(incomplete: str) -> list[tuple[str, str]]:
    """Ids of groups and settings, each with its title; of the packaged catalogue."""
    with suppress(Exception):
        from optout.catalogue.loading import load_catalogue

        known: dict[str, str] = {}
        for service in load_catalogue().services:
            known |= {setting.id: setting.title for setting in service.settings}
            known |= {group.id: group.title for group in service.groups}
        return [(name, title) for name, title in known.items() if name.startswith(incomplete)]
    return []


def scenarios(incomplete: str) -> list[tuple[str, str]]:
    """The practice site's scenarios, each with what goes wrong."""
    with suppress(Exception):
        from optout.practice.scenarios import SCENARIOS

        return [(one.name, one.description) for one in SCENARIOS if one.name.startswith(incomplete)]
    return []


def regions(incomplete: str) -> list[tuple[str, str]]:
    """The regions that are known."""
    with suppress(Exception):
        from optout.regions import REGIONS

        return [(one.id, one.title) for one in REGIONS if one.id.startswith(incomplete)]
    return []


def browsers(incomplete: str) -> list[str]:
    """The kinds of browser that can be driven."""
    with suppress(Exception):
        from optout.browser.installed import KINDS

        return [kind for kind in KINDS if kind.startswith(incomplete)]
    return []
