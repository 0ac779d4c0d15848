"""Laying one catalogue document over another, version by version.

Works on any dicts and lists in place, so that what is loaded and what is written as a patch follow the same rules.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from optout.catalogue.document import Map

# Lists whose items have ids: items of the same id are merged, new ones come last.
NAMED = frozenset({"services", "groups", "indexes", "settings", "notices"})
# Lists of dated versions: one of the same id is replaced, new ones come first.
VERSIONED = frozenset({"main", "rows", "paths", "controls", "forms", "refused", "challenges", "signs", "banners"})


def lay_over(base: dict[str, Any], overlay: dict[str, Any]) -> None:
    """Lays `overlay` over `base`, in place.

    Mappings are merged key by key, the lists of `NAMED` and `VERSIONED` item by item; everything else replaces what
    was there. A service that `base` lacks is added only if it is whole (it has an origin): otherwise it belongs to
    another selectors file.
    """
    for key, value in overlay.items():
        present = base.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            lay_over(present, value)
        elif key in NAMED and _are_items(present) and _are_items(value):
            _merge_named(present, value, whole_only=key == "services")
        elif key in VERSIONED and _are_items(present) and _are_items(value):
            _merge_versions(present, value)
        else:
            _put(base, overlay, key)


def _id(item: dict[str, Any]) -> str | None:
    name = item.get("id")
    return name if isinstance(name, str) else None


def _by_id(items: list[Any]) -> dict[str | None, int]:
    return {_id(item): index for index, item in enumerate(items) if _id(item) is not None}


def _are_items(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _put(base: dict[str, Any], overlay: dict[str, Any], key: str) -> None:
    if isinstance(base, Map) and isinstance(overlay, Map):
        base.put(key, overlay[key], overlay.keys_at[key], overlay.values_at[key])
    else:
        base[key] = overlay[key]


def _merge_named(base: list[Any], overlay: list[Any], *, whole_only: bool) -> None:
    present = _by_id(base)
    for item in overlay:
        if _id(item) in present:
            lay_over(base[present[item["id"]]], item)
        elif not whole_only or "origin" in item or "id" not in item:
            base.append(item)


def _merge_versions(base: list[Any], overlay: list[Any]) -> None:
    present = _by_id(base)
    fresh = [item for item in overlay if _id(item) not in present]
    for item in overlay:
        if _id(item) in present:
            base[present[item["id"]]] = item
    for item in reversed(fresh):
        base.insert(0, item)
