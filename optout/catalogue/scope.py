"""Which settings a run is about, and where the service's pages come from."""

from __future__ import annotations

from collections.abc import Sequence

from optout.catalogue.checks import near
from optout.catalogue.models import Service, Setting, check_origin
from optout.errors import UsageError


def scope(service: Service, only: Sequence[str] = (), skip: Sequence[str] = ()) -> tuple[Setting, ...]:
    """The settings that `only` names by id or group (those of the default groups if it is empty), without `skip`'s.

    In the catalogue's order, each once. Raises `UsageError` for a name that the service does not have, and when
    nothing is left.
    """
    groups = [group.id for group in service.groups]
    known = [*groups, *(setting.id for setting in service.settings if setting.id not in groups)]
    for name in (*only, *skip):
        if name not in known:
            raise UsageError(
                f"{service.title} has no setting or group {name!r}{near(name, known)}. "
                f"There are: {', '.join(known)}. See them with: optout settings"
            )
    default = {group.id for group in service.groups if group.default}
    chosen = tuple(
        setting
        for setting in service.settings
        if (_is_named(setting, only) if only else setting.group in default) and not _is_named(setting, skip)
    )
    if not chosen:
        raise UsageError(f"No setting of {service.title} is left to look at. See them all with: optout settings")
    return chosen


def with_origin(service: Service, origin: str) -> Service:
    """The service with its pages at a loopback address; raises `UsageError` for any other address."""
    try:
        moved = service.model_copy(update={"origin": check_origin(origin)})
    except ValueError as error:
        raise UsageError(_refusal(origin, str(error))) from None
    if not moved.is_loopback:
        raise UsageError(_refusal(origin, "expected an address of this machine"))
    return moved


def _is_named(setting: Setting, names: Sequence[str]) -> bool:
    return setting.id in names or setting.group in names


def _refusal(origin: str, reason: str) -> str:
    return f"--origin {origin!r} is refused: {reason}. Give one such as http://127.0.0.1:8000"
