"""What changed between two texts: paragraph by paragraph, and word by word within a reworded one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import chain
from typing import Any

from optout.notice_words import dates_in, topics_in

SAME_PARAGRAPH = 0.5
# Pairing compares every removed paragraph of a place with every added one; past this they stay unpaired.
MOST_PAIRS = 2500


class Kind(StrEnum):
    """What happened to a paragraph."""

    ADDED = "added"
    REMOVED = "removed"
    REWORDED = "reworded"


class Mark(StrEnum):
    """What happened to a run of words."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One paragraph's change; `dates` and `topics` are those that only the new wording mentions."""

    kind: Kind
    before: str
    after: str
    words: tuple[tuple[Mark, str], ...]
    dates: tuple[str, ...]
    topics: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The change as the JSON document shows it."""
        return {
            "kind": self.kind,
            "before": self.before or None,
            "after": self.after or None,
            "words": [[mark, text] for mark, text in self.words],
            "dates": list(self.dates),
            "topics": list(self.topics),
        }


def compare(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[Change, ...]:
    """The changes in reading order; a paragraph that only moved is none."""
    changes: list[Change] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    edits = [edit for edit in matcher.get_opcodes() if edit[0] != "equal"]
    # What stands on both sides of the edits has moved; what matched in place is not part of them.
    moved = Counter(chain.from_iterable(before[low:high] for _, low, high, _, _ in edits)) & Counter(
        chain.from_iterable(after[low:high] for _, _, _, low, high in edits)
    )
    moved_from, moved_to = Counter(moved), Counter(moved)
    for _, low, high, new_low, new_high in edits:
        removed = _without(before[low:high], moved_from)
        added = _without(after[new_low:new_high], moved_to)
        changes.extend(_paired(removed, added))
    return tuple(changes)


def _without(paragraphs: tuple[str, ...], moved: Counter[str]) -> list[str]:
    left: list[str] = []
    for paragraph in paragraphs:
        if moved[paragraph] > 0:
            moved[paragraph] -= 1
        else:
            left.append(paragraph)
    return left


def _paired(removed: list[str], added: list[str]) -> list[Change]:
    pairs = _pairs(removed, added)
    partner_of = {new: old for old, new in pairs}
    changes = [_change(removed[old], "") for old in range(len(removed)) if old not in {pair[0] for pair in pairs}]
    for new, text in enumerate(added):
        changes.append(_change(removed[partner_of[new]], text) if new in partner_of else _change("", text))
    return changes


def _pairs(removed: list[str], added: list[str]) -> list[tuple[int, int]]:
    """The most alike first, each paragraph once, and only where half of the words are the same."""
    if len(removed) * len(added) > MOST_PAIRS:
        return []
    scores: list[tuple[float, int, int]] = []
    for old, old_text in enumerate(removed):
        matcher = SequenceMatcher(None, autojunk=False)
        matcher.set_seq2(_tokens(old_text))
        for new, new_text in enumerate(added):
            matcher.set_seq1(_tokens(new_text))
            if matcher.quick_ratio() >= SAME_PARAGRAPH and (score := matcher.ratio()) >= SAME_PARAGRAPH:
                scores.append((-score, old, new))
    pairs: list[tuple[int, int]] = []
    for _, old, new in sorted(scores):
        if all(old != one and new != other for one, other in pairs):
            pairs.append((old, new))
    return pairs


def _change(before: str, after: str) -> Change:
    old_dates, old_topics = dates_in(before), topics_in(before)
    return Change(
        kind=Kind.REWORDED if before and after else Kind.ADDED if after else Kind.REMOVED,
        before=before,
        after=after,
        words=marked_words(before, after),
        dates=tuple(date for date in dates_in(after) if date not in old_dates),
        topics=tuple(sorted(topics_in(after) - old_topics)),
    )


def marked_words(before: str, after: str) -> tuple[tuple[Mark, str], ...]:
    """Both wordings as one run of words; without the added ones it is `before`, without the removed ones `after`."""
    old, new = _tokens(before), _tokens(after)
    marked: list[tuple[Mark, str]] = []
    removed = added = ""
    for edit, low, high, new_low, new_high in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[low:high]), "".join(new[new_low:new_high])
        # A comma alone between two changes would tear one phrase into two.
        is_glue = bool(removed or added) and high < len(old) and not re.search(r"\w", gone)
        if edit != "equal" or is_glue:
            removed, added = removed + gone, added + come
            continue
        marked += _edit(removed, added)
        removed = added = ""
        marked.append((Mark.SAME, gone))
    return (*marked, *_edit(removed, added))


def _edit(removed: str, added: str) -> list[tuple[Mark, str]]:
    return [(mark, text) for mark, text in ((Mark.REMOVED, removed), (Mark.ADDED, added)) if text]


def _tokens(text: str) -> list[str]:
    # A word keeps the blank after it, so that a run of changed words is one mark and not five.
    return re.findall(r"\w+\s?|[^\w\s]\s?|\s", text)
