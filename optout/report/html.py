"""The report page of a run: one file, offline, without scripts; every text from a page or a person is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from optout.errors import UsageError
from optout.history_rows import Point, canonical, digest_of
from optout.outcomes import RELOCATED, AccountResult, Outcome, RunResult, SettingResult, iso, now
from optout.places import writable_folder, write_private
from optout.report.chart import chart_of
from optout.report.closing import Titles, closing_sentence
from optout.report.seal import PLACEHOLDER, embedded, sealed
from optout.report.words import (
    OUTCOMES,
    as_line,
    as_sentence,
    change_in_words,
    next_step,
    outcome_in_words,
    state_in_words,
    status_in_words,
)

if TYPE_CHECKING:
    from jinja2 import Environment

    from optout.history import History

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ShotKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What the page shows beside the result.

    `evidence` is `History.evidence` (without it, the result alone). `timelines` and `notes` are by account; `shots`,
    PNG files of the control alone, by account, setting id and `before` or `after`. `zone` is that of all times shown,
    this machine's own if `None`.
    """

    titles: Titles
    program_version: str
    catalogue_version: str
    evidence: str | None = None
    timelines: Mapping[str, Mapping[str, tuple[Point, ...]]] = field(default_factory=dict)
    shots: Mapping[ShotKey, bytes] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: tzinfo | None = None

    @classmethod
    def of(
        cls,
        history: History,
        run_id: int,
        titles: Titles,
        *,
        shots: Mapping[ShotKey, bytes] | None = None,
        notes: Mapping[str, tuple[str, ...]] | None = None,
    ) -> ReportContext:
        """The context of a recorded run. `KeyError`: no such run."""
        row = history.run_row(run_id)
        if row is None:
            raise KeyError(run_id)
        return cls(
            titles,
            row.program_version,
            row.catalogue_version,
            history.evidence(run_id),
            {account: history.timeline(account, origin) for account, origin in row.origins.items()},
            shots or {},
            notes or {},
        )


def render(result: RunResult, context: ReportContext) -> str:
    """The page as text, sealed: `optout.report.seal.verify_report` recognizes later edits."""
    evidence = context.evidence or canonical({"result": result.as_json(), "readings": []})
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    from markupsafe import Markup  # noqa: PLC0415 -- comes with jinja2

    page = (
        _environment(context.zone)
        .get_template("page.html.j2")
        .render(
            result=result,
            context=context,
            started=result.started,
            closing=closing_sentence(result, context.titles),
            accounts=[_account(result, account, context) for account in result.accounts],
            digest=digest_of(evidence),
            evidence=Markup(embedded(evidence)),  # noqa: S704 -- `embedded` leaves no <, > or &
            style=Markup(style),  # noqa: S704 -- our own file
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            page_hash=PLACEHOLDER,
        )
    )
    return sealed(page.encode("utf-8", "replace").decode("utf-8"))


def write_report(folder: Path, result: RunResult, context: ReportContext) -> Path:
    """Write the page into `folder` (made 0700 if missing) as a 0600 file named by time, and give its path.

    Raises `UsageError` when the folder cannot be written.
    """
    stamp = iso(result.started).replace(":", "").replace("-", "")
    name = f"optout-{stamp}-{result.command}" + ("" if result.run_id is None else f"-{result.run_id}")
    try:
        path = writable_folder(folder) / f"{name}.html"
        number = 1
        while path.exists():
            number += 1
            path = folder / f"{name}.{number}.html"
        write_private(path, render(result, context))
    except (UsageError, OSError) as error:
        raise UsageError(
            f"The report cannot be written into {folder} ({error}). The history has the run: "
            "write its report elsewhere with: optout report --write FOLDER"
        ) from error
    return path


def find_report(folder: Path, run_id: int) -> Path | None:
    """The newest page of a run in `folder`, if there is one."""
    try:
        found = [path for path in folder.glob("optout-*.html") if path.name.split(".")[0].endswith(f"-{run_id}")]
        return max(found, key=lambda path: path.stat().st_mtime, default=None)
    except OSError:
        return None


def time_in_words(moment: datetime, zone: tzinfo | None) -> str:
    """`2026-11-23 13:00:00 CET (UTC+01:00)`."""
    local = moment.astimezone(zone)
    name, offset = local.tzname() or "", local.strftime("%z")
    shown = f"UTC{offset[:3]}:{offset[3:5]}"
    suffix = "UTC" if name == "UTC" else f"{name} ({shown})" if name and not name.startswith("UTC") else shown
    return f"{local:%Y-%m-%d %H:%M:%S} {suffix}"


def _environment(zone: tzinfo | None) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 -- only where a page is made

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        line=lambda text: as_line(str(text)),
        sentence=as_sentence,
        iso=iso,
        time=lambda moment: time_in_words(moment, zone),
        day=lambda moment: f"{moment.astimezone(zone):%Y-%m-%d}",
    )
    return environment


def _account(result: RunResult, account: AccountResult, context: ReportContext) -> dict[str, Any]:
    by_group: dict[str, list[SettingResult]] = {}
    for item in account.settings:
        by_group.setdefault(item.group, []).append(item)
    titles = {item.id: item.title for item in account.settings}
    return {
        "result": account,
        "service": context.titles.service(account.service),
        "status": status_in_words(account),
        "groups": [
            {
                "title": context.titles.group(group),
                "count": _count(items),
                "settings": [_setting(result, account, item, context) for item in items],
            }
            for group, items in by_group.items()
        ],
        "unlisted": [
            {
                "label": as_line(row.label),
                "url": as_line(row.url),
                "link": _link(row.url),
                "state": state_in_words(row.state) + (f", {as_line(row.change)}" if row.change else ""),
            }
            for row in account.unlisted
        ],
        "updates": [text for item in account.settings if (text := _update(item))],
        "chart": chart_of(context.timelines.get(account.account, {}), titles, now()),
        "notes": context.notes.get(account.account, ()),
    }


def _setting(result: RunResult, account: AccountResult, item: SettingResult, context: ReportContext) -> dict[str, Any]:
    shots = []
    for role in ("before", "after"):
        picture = context.shots.get((account.account, item.id, role), b"")
        if picture.startswith(PNG_SIGNATURE):
            data = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
            shots.append({"role": role, "data": data})
    return {
        "result": item,
        "tone": OUTCOMES[item.outcome][1],
        "outcome": outcome_in_words(item, dry_run=result.dry_run),
        "states": _states(item),
        "next": next_step(item, account.account, result.command),
        "link": _link(item.url),
        "shots": shots,
    }


def _states(item: SettingResult) -> str:
    if item.after is None and item.before is None:
        return "No state was read."
    words = change_in_words(item)
    return f"Before and after: {words}" if item.before == item.after else words


def _count(items: list[SettingResult]) -> str:
    off = sum(item.outcome in (Outcome.ALREADY_OFF, Outcome.TURNED_OFF) for item in items)
    offered = sum(item.outcome is not Outcome.NOT_OFFERED for item in items)
    return f"{off} of {offered} off" if offered else "not offered"


def _update(item: SettingResult) -> str | None:
    title = as_line(item.title)
    if item.selector == RELOCATED:
        return f"{title}: found again by its witnesses. Keep the finding with: optout selectors record {item.id}"
    if item.outcome is Outcome.NOT_FOUND:
        return f"{title}: no selector fits any more. Show it to optout with: optout selectors record {item.id}"
    return None


def _link(url: str | None) -> str | None:
    try:
        is_web = url is not None and urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return None
    return url if is_web else None
