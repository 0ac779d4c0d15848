"""The seal of a report page: what shows that the page, or the run it tells of, was edited later."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optout.errors import UsageError
from optout.history_rows import canonical, digest_of

if TYPE_CHECKING:
    from optout.history import History

PLACEHOLDER = "0" * 64
LARGEST_PAGE_BYTES = 200_000_000
SEAL = re.compile(r'(<meta name="optout-page-sha256" content=")([0-9a-f]{64})(">)')
EVIDENCE = re.compile(r'<script type="application/json" id="evidence">([^<]*)</script>')
DIGEST = re.compile(r'<dd class="digest">([0-9a-f]{64})</dd>')


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a page is as it was written, and the sentence that says so or what differs."""

    is_unchanged: bool
    explanation: str
    run_id: int | None = None
    digest: str | None = None


def embedded(evidence: str) -> str:
    """Canonical JSON as it may stand in a script element: nothing in it can end the element."""
    return evidence.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def sealed(page: str) -> str:
    """The page with the SHA-256 of itself (the seal's own place filled with zeros) in its head."""
    digest = hashlib.sha256(page.encode("utf-8")).hexdigest()
    return SEAL.sub(lambda found: found[1] + digest + found[3], page, count=1)


def verify_report(path: Path, history: History | None = None) -> Verification:
    """Whether the page is as it was written, and says what the history says where it has the run.

    It finds edits of the page and of the history, not somebody who edits both and computes both sums again.
    Raises `UsageError` when the file cannot be read or is no report page.
    """
    page = _read(path)
    seals, evidences, digests = SEAL.findall(page), EVIDENCE.findall(page), DIGEST.findall(page)
    if not seals and not evidences:
        raise UsageError(f"{path} is not a report page of optout. Name one: optout report --path shows the last one's.")
    if len(seals) != 1 or len(evidences) != 1 or len(digests) != 1:
        return Verification(False, f"{path} was changed: its seal or its readings are missing or doubled.")
    blank = SEAL.sub(lambda found: found[1] + PLACEHOLDER + found[3], page)
    is_whole = hmac.compare_digest(hashlib.sha256(blank.encode("utf-8")).hexdigest(), seals[0][1])
    try:
        evidence = json.loads(evidences[0])
        digest, run_id = digest_of(canonical(evidence)), evidence.get("run")
    except (ValueError, AttributeError, RecursionError):
        return Verification(False, f"{path} was changed: its readings are no longer JSON.")
    run_id = run_id if isinstance(run_id, int) else None
    if digest != digests[0]:
        text = f"{path} was changed: its readings do not have the SHA-256 that it shows."
        return Verification(False, text, run_id, digest)
    if not is_whole:
        text = f"{path} was changed: the readings in it are whole, but something around them is not as it was written."
        return Verification(False, text, run_id, digest)
    return _compare(path, history, run_id, digest)


def _compare(path: Path, history: History | None, run_id: int | None, digest: str) -> Verification:
    whole = f"{path} is as it was written (SHA-256 of its readings: {digest})"
    if history is None or run_id is None or history.run_row(run_id) is None:
        return Verification(True, f"{whole}; this machine's history does not have the run to compare.", run_id, digest)
    if history.digest(run_id) != digest:
        text = f"{path} and the history disagree about run {run_id}: one of the two was changed later."
        return Verification(False, text, run_id, digest)
    return Verification(True, f"{whole}, and the history of this machine agrees.", run_id, digest)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_PAGE_BYTES:
            raise UsageError(f"{path} is too large for a report page of optout.")
        # Bytes, not text mode: newline translation would hide an edit.
        return path.read_bytes().decode("utf-8", "backslashreplace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): name a report page that is there.") from error
