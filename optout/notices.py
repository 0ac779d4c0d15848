"""The watched notices: what changed since their text was last kept. Nothing kept is ever lost to a bad page."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.errors import UsageError
from optout.notice_changes import Change, compare
from optout.notice_pages import Page, SlowDownError, UnfetchedError, fetch_page
from optout.outcomes import iso
from optout.places import open_private, private_folder, write_private

if TYPE_CHECKING:
    from optout.catalogue.models import Notice, Service

FORMAT = 1


class NoticeStatus(StrEnum):
    """What became of one watched notice."""

    FIRST = "first"
    SAME = "same"
    CHANGED = "changed"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Kept:
    """A notice's text as it was kept, and when."""

    url: str
    language: str
    paragraphs: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class NoticeResult:
    """One notice's line; `kept_at` is the day of the text that it was compared with."""

    service: str
    id: str
    title: str
    url: str
    status: NoticeStatus
    reason: str | None = None
    kept_at: datetime | None = None
    changes: tuple[Change, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The notice as the JSON document shows it."""
        return {
            "service": self.service,
            "id": self.id,
            "title": self.title,
            "url": self.url,
            "status": self.status,
            "reason": self.reason,
            "kept_at": iso(self.kept_at) if self.kept_at else None,
            "dates": list(dict.fromkeys(date for change in self.changes for date in change.dates)),
            "topics": list(dict.fromkeys(topic for change in self.changes for topic in change.topics)),
            "changes": [change.as_json() for change in self.changes],
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """How to look: where texts are kept, which language is asked for, the time, and the pause between two pages."""

    folder: Path
    language: str
    program_version: str
    clock: Callable[[], datetime]
    pause: Callable[[float], object]
    is_accepting: bool = False


def check_notices(services: Iterable[Service], watch: Watch) -> tuple[NoticeResult, ...]:
    """Every watched notice of these services, each once.

    A first text is kept; a changed one replaces the kept one only when `is_accepting`. Raises `UsageError` where the
    texts cannot be kept.
    """
    private_folder(watch.folder)
    results: list[NoticeResult] = []
    for service in services:
        waiting: SlowDownError | None = None
        for place, notice in enumerate(service.notices):
            if waiting is not None:
                results.append(_unread(service, notice, f"not asked for: {waiting}", watch))
                continue
            if place:
                watch.pause(0.0 if service.is_loopback else service.pace_seconds)
            try:
                results.append(
                    _looked_at(
                        service, notice, fetch_page(service, notice, watch.language, watch.program_version), watch
                    )
                )
            except SlowDownError as error:
                waiting = error
                results.append(_unread(service, notice, str(error), watch))
            except UnfetchedError as error:
                results.append(_unread(service, notice, str(error), watch))
    return tuple(results)


def exit_code(results: tuple[NoticeResult, ...]) -> int:
    """0 nothing changed, 1 something changed, 2 nothing could be fetched."""
    if results and all(result.status is NoticeStatus.UNREAD for result in results):
        return 2
    return int(any(result.status is NoticeStatus.CHANGED for result in results))


def _looked_at(service: Service, notice: Notice, page: Page, watch: Watch) -> NoticeResult:
    path = kept_file(watch.folder, service.id, notice.id, watch.language)
    kept, trouble = read_kept(path)
    if kept is not None and kept.language and page.language and kept.language != page.language:
        return _unread(
            service,
            notice,
            f"it came in another language ({page.language}) than the kept text ({kept.language})",
            watch,
        )
    changes = compare(kept.paragraphs, page.paragraphs) if kept else ()
    if kept is None or (changes and watch.is_accepting):
        keep(path, page, watch.clock())
    status = NoticeStatus.FIRST if kept is None else NoticeStatus.CHANGED if changes else NoticeStatus.SAME
    return NoticeResult(
        service.id, notice.id, notice.title, notice.url, status, trouble, kept.at if kept else None, changes
    )


def _unread(service: Service, notice: Notice, reason: str, watch: Watch) -> NoticeResult:
    kept = None
    with suppress(FileNotFoundError, ValueError):
        kept = _parsed(kept_file(watch.folder, service.id, notice.id, watch.language))
    return NoticeResult(
        service.id,
        notice.id,
        notice.title,
        notice.url,
        NoticeStatus.UNREAD,
        reason,
        kept.at if kept else None,
    )


def kept_file(folder: Path, service_id: str, notice_id: str, language: str) -> Path:
    """Where the text of a notice in one language is kept."""
    return folder / f"{service_id}.{notice_id}.{re.sub(r'[^a-z]', '', language.lower()) or 'en'}.json"


def keep(path: Path, page: Page, at: datetime) -> None:
    """Keeps the text in place of an older one, in one step."""
    document = {
        "format": FORMAT,
        "url": page.url,
        "language": page.language,
        "at": iso(at),
        "digest": _digest(page.paragraphs),
        "paragraphs": list(page.paragraphs),
    }
    write_private(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def read_kept(path: Path) -> tuple[Kept | None, str | None]:
    """The kept text; without one `None`, and where it was damaged, a sentence that says where it was moved to.

    Raises `UsageError` where a newer version of the program wrote it.
    """
    try:
        return _parsed(path), None
    except FileNotFoundError:
        return None, None
    except ValueError:
        aside = path.with_suffix(".damaged")
        path.replace(aside)
        return None, f"the text kept before was damaged; it is now {aside}, and today's text is kept instead"


def _parsed(path: Path) -> Kept:
    with open_private(path, "rb") as handle:
        document = json.loads(handle.read().decode())
    if not isinstance(document, dict) or not isinstance(document.get("format"), int):
        raise ValueError("no kept notice")
    if document["format"] > FORMAT:
        raise UsageError(f"{path} was written by a newer version of this program. Update it: pipx upgrade optout")
    paragraphs = document.get("paragraphs")
    if not isinstance(paragraphs, list) or not all(isinstance(paragraph, str) for paragraph in paragraphs):
        raise ValueError("no paragraphs")
    if document.get("digest") != _digest(paragraphs):
        raise ValueError("edited or cut off")
    at = datetime.fromisoformat(str(document.get("at")))
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return Kept(str(document.get("url", "")), str(document.get("language", "")), tuple(paragraphs), at)


def _digest(paragraphs: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(paragraphs).encode()).hexdigest()
