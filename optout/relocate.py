"""Finding a control again after a redesign, when no version of its selectors fits.

In the line of Similo and HybridSimilo (arXiv 2505.16424): what is known of the control, from the catalogue and from
the last successful run, is compared with every control of the page by a weighted similarity. Theirs takes the best;
here the best must also be proved: two independent witnesses, one of them borne by the control itself and by no
other (unless the page has no other control), nothing that contradicts, a threshold and a margin over the runner-up.
It may miss; it may not be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optout.browser.views import ControlView, PageView
from optout.catalogue.models import ControlVersion, Evidence, Kind, Setting
from optout.directory import Directory
from optout.outcomes import RELOCATED, now
from optout.phrases import normalize
from optout.recording import is_lasting, selectors_of, words_of
from optout.witnesses import (
    NEEDED,
    Lead,
    Proved,
    Refusal,
    Refused,
    Verdict,
    Witness,
    page_witnesses,
    prove,
    unrelated_name,
)

THRESHOLD = 0.35
THRESHOLD_ALONE = 0.2  # of the only control of a page: there is nothing to take it for
MARGIN = 0.05
SHORTEST_NAME = 6
NOTHING_SPEAKS = "nothing says that the page's one control is the right one"
INEXACT = 0.6  # what the likeness of two texts counts that are not the same
WEIGHTS: Mapping[str, float] = {
    "label": 3.0,
    "id": 2.5,
    "make": 1.0,
    "place": 1.0,
    "heading": 1.0,
    "ancestors": 0.5,
    "position": 0.5,  # the first control of a page is likelier to be the page's own
}


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last successful run saw of a control: its ids and labels, its make and its ancestors."""

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    make: tuple[str | None, ...] = ()
    ancestors: tuple[str, ...] = ()

    @classmethod
    def of(cls, seen: Mapping[str, Any] | None) -> Memory:
        """The part of a recorded fingerprint that a redesign may leave as it is."""
        if not seen:
            return cls()
        ids = (seen.get("id"), seen.get("name"), *(seen.get("labelledby") or ()))
        return cls(
            ids=tuple(dict.fromkeys(one for one in ids if isinstance(one, str) and is_lasting(one))),
            names=tuple(one for one in seen.get("names") or () if len(normalize(one)) >= SHORTEST_NAME),
            make=(seen.get("tag"), seen.get("type"), seen.get("role")),
            ancestors=tuple(seen.get("ancestors") or ()),
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """One control of a page, of one or several elements, with the version that it would be."""

    version: ControlVersion
    controls: tuple[ControlView, ...]
    names: tuple[str, ...]
    position: float

    @property
    def ids(self) -> frozenset[str]:
        """The ids by which it names itself; of a set only what its elements share."""
        if self.version.kind is Kind.CHECKBOXES:
            return frozenset()
        if self.version.kind is Kind.RADIOS:
            return frozenset(filter(None, (self.controls[0].name,)))
        return self.controls[0].own_ids


class Relocator:
    """A finder: a version of the catalogue if one is proved, else the control found again by its witnesses.

    `seen`: what the last successful run saw of each setting's control, by setting id.
    """

    def __init__(self, directory: Directory, seen: Mapping[str, Mapping[str, Any]]) -> None:
        self._memories = {setting.id: Memory.of(seen.get(setting.id)) for setting in directory.service.settings}
        self._directory = teach(directory, self._memories)

    def __call__(self, directory: Directory, setting: Setting, view: PageView, lead: Lead) -> Verdict:
        """The setting's control on this page, proved, or why there is none. `directory`: the one it was made with."""
        del directory
        verdict = prove(self._directory, setting, view, lead)
        if isinstance(verdict, Proved) or verdict.why in (Refusal.AMBIGUOUS, Refusal.CONTRADICTED):
            return verdict
        found = relocate(self._directory, setting, view, lead, self._memories[setting.id])
        return found if isinstance(found, Proved) else _told_by(verdict, found)


def teach(directory: Directory, memories: Mapping[str, Memory]) -> Directory:
    """The directory with what was seen of each control, so far as it belongs to one setting alone."""
    names = _unshared({key: directory.own_names(memory.names) for key, memory in memories.items()})
    ids = _unshared({key: memory.ids for key, memory in memories.items()})
    return directory.taught(
        {name: owner for name, owner in names.items() if not directory.owners_of_label([name])},
        {one: owner for one, owner in ids.items() if not directory.owners_of_ids([one])},
    )


def relocate(directory: Directory, setting: Setting, view: PageView, lead: Lead, memory: Memory) -> Verdict:
    """The one control of the page that is this setting's by two witnesses and by far the most similar."""
    page = page_witnesses(directory, setting, view, lead)
    if isinstance(page, Refused):
        return page
    candidates = candidates_for(directory, setting, view)
    own = {at: said for at, one in enumerate(candidates) if (said := own_witnesses(directory, setting, one))}
    if not own and _is_alone(directory, setting, candidates, view):
        own = {0: {}}
    if not own:
        return Refused(Refusal.ABSENT, "no control of the page says of itself that it is the right one")
    if len(own) > 1:
        return Refused(Refusal.AMBIGUOUS, f"{len(own)} controls of the page say that they are the right one")
    best, said = next(iter(own.items()))
    why = _objection(directory, setting, candidates[best], view)
    if why:
        return Refused(Refusal.CONTRADICTED, why)
    said = {**page, **said}
    if len(said) < NEEDED:
        only = next(iter(said.values()), None)
        return Refused(Refusal.UNPROVED, f"only one witness speaks for a control ({only})" if only else NOTHING_SPEAKS)
    scores = [similarity(directory, setting, one, page, memory) for one in candidates]
    runner_up = max((score for at, score in enumerate(scores) if at != best), default=0.0)
    threshold = THRESHOLD if own[best] else THRESHOLD_ALONE
    if scores[best] < threshold or scores[best] - runner_up < MARGIN:
        return Refused(
            Refusal.UNPROVED, f"a control looks similar ({scores[best]:.2f}, the next one {runner_up:.2f}), not enough"
        )
    found = candidates[best]
    return Proved(found.version, found.controls, frozenset(said), tuple(said.values()), RELOCATED, scores[best])


def candidates_for(directory: Directory, setting: Setting, view: PageView) -> list[Candidate]:
    """Every control of the page that could be this setting's, by what kind of control it is."""
    controls = [view.controls[at] for at in view.all_controls]
    kinds = {version.kind for version in setting.controls}
    if kinds == {Kind.SWITCH}:
        return _switches(setting, controls) + _choices(directory, setting, controls, view.lang)
    if kinds <= {Kind.RADIOS, Kind.SELECT}:
        return _choices(directory, setting, controls, view.lang)
    return _boxes(directory, setting, controls) if kinds == {Kind.CHECKBOXES} else []


def own_witnesses(directory: Directory, setting: Setting, one: Candidate) -> dict[Witness, str]:
    """What a control says of itself: its id, and its label or, where it has none, the one beside it."""
    said: dict[Witness, str] = {}
    known_id = next((name for name in sorted(one.ids) if setting.id in directory.owners_of_ids([name])), None)
    if known_id:
        said[Witness.ID] = f"id {known_id}"
    texts = _texts(directory, one)
    label = next((text for text in texts if setting.id in directory.owners_of_label([text])), None)
    if label:
        said[Witness.LABEL] = f"label '{label}'"
    return said


def similarity(
    directory: Directory, setting: Setting, one: Candidate, page: Mapping[Witness, str], memory: Memory
) -> float:
    """How much a control resembles what is known of the setting's, from 0 to 1."""
    known_ids = [*memory.ids, *(version.ctl for version in setting.controls if version.ctl)]
    element = one.controls[0]
    parts = {
        "label": _likest(_texts(directory, one), _known_texts(setting, memory), _words),
        "place": float(Witness.PLACE in page),
        "heading": float(Witness.LABEL in page),
        "position": 1.0 - one.position,
    }
    if known_ids:
        parts["id"] = _likest(one.ids, known_ids, words_of)
    if memory.make:
        own = (element.tag, element.type, element.role)
        parts["make"] = sum(ours == theirs for ours, theirs in zip(own, memory.make, strict=True)) / len(own)
        same = sum(ours == theirs for ours, theirs in zip(element.ancestors, memory.ancestors, strict=False))
        parts["ancestors"] = same / max(len(element.ancestors), len(memory.ancestors), 1)
    return round(sum(WEIGHTS[key] * part for key, part in parts.items()) / sum(WEIGHTS[key] for key in parts), 3)


def _is_alone(directory: Directory, setting: Setting, candidates: Sequence[Candidate], view: PageView) -> bool:
    """Whether the page has this one control and no other, and its label speaks of what the setting is about."""
    if len(candidates) != 1 or len(view.all_controls) != len(candidates[0].controls):
        return False
    if candidates[0].version.kind is Kind.CHECKBOXES:
        return True
    texts = _texts(directory, candidates[0])
    return not texts or any(directory.speaks_of(setting.id, text) for text in texts)


def _objection(directory: Directory, setting: Setting, one: Candidate, view: PageView) -> str | None:
    """Why a control that says it is the setting's may still not be used, or None."""
    names = _texts(directory, one)
    for owners in (directory.owners_of_ids(one.ids), directory.owners_of_label(names)):
        if owners - {setting.id} and setting.id not in owners:
            other = directory.setting(sorted(owners)[0]).title
            return f"the control found again also names itself '{other}'"
    known = [name for name in names if setting.id in directory.owners_of_label([name])]
    if one.version.inverted and not known:
        return "a control that means the opposite is only used under a label that the catalogue knows"
    if not known and any(directory.is_negated(name, view.lang, apart_from=setting.id) for name in names):
        return f"its label '{names[0]}' seems to say the opposite"
    return None


def _switches(setting: Setting, controls: Sequence[ControlView]) -> list[Candidate]:
    """Boxes and switches of one element. Where the versions differ in direction, no one knows it here."""
    if len({version.inverted for version in setting.controls}) > 1:
        return []
    newest = setting.controls[0]
    found = []
    for at, one in enumerate(controls):
        if one.type == "radio" or one.role == "radio" or one.tag == "select":
            continue
        version = _version((one,), Kind.SWITCH, inverted=newest.inverted, save=newest.save)
        found.append(Candidate(version, (one,), one.names, at / len(controls)))
    return found


def _boxes(directory: Directory, setting: Setting, controls: Sequence[ControlView]) -> list[Candidate]:
    """All boxes of the page as one control: only where every control is a box of one make and they stand together."""
    makes = {(one.tag, one.type, one.role) for one in controls}
    owners = [directory.owners_of_ids(one.own_ids) | directory.owners_of_label(one.names) for one in controls]
    if any(one and setting.id not in one for one in owners):
        return []
    if any(unrelated_name(directory, setting, one) for one in controls):
        return []
    if (
        len(makes) != 1
        or len({one.among for one in controls}) != 1
        or len({one.inverted for one in setting.controls}) > 1
    ):
        return []
    if any(one.type == "radio" or one.role == "radio" or one.tag == "select" for one in controls):
        return []
    newest = setting.controls[0]
    version = _version(tuple(controls), Kind.CHECKBOXES, inverted=newest.inverted, save=newest.save)
    return [Candidate(version, tuple(controls), (), 0.0)]


def _choices(directory: Directory, setting: Setting, controls: Sequence[ControlView], lang: str) -> list[Candidate]:
    """Sets of radio buttons and selects in which the value that means off is plain."""
    sets: dict[str, list[ControlView]] = {}
    found: list[Candidate] = []
    for at, one in enumerate(controls):
        if one.type == "radio" and one.name:
            sets.setdefault(one.name, []).append(one)
        elif one.tag == "select":
            values = plain_values(directory, setting, one.options, lang)
            if values:
                version = _version((one,), Kind.SELECT, values=values, save=setting.controls[0].save)
                found.append(Candidate(version, (one,), (*one.names, *one.group), at / len(controls)))
    for members in sets.values():
        texts = [(one.state.value or "", text) for one in members for text in one.names[:1]]
        values = plain_values(directory, setting, texts, lang)
        if values and len(texts) == len(members):
            version = _version(tuple(members), Kind.RADIOS, values=values, save=setting.controls[0].save)
            names = (*members[0].group, *(text for _, text in texts))
            found.append(Candidate(version, tuple(members), names, controls.index(members[0]) / len(controls)))
    return found


def plain_values(
    directory: Directory, setting: Setting, choices: Iterable[tuple[str, str]], lang: str
) -> tuple[str, str | None] | None:
    """The values that mean off and on, or None where that is not plain.

    It is where the catalogue names the value that means off, and for a former switch where there are two choices of
    which one says On and the other Off.
    """
    offered = [(value, normalize(text)) for value, text in choices if value]
    if len({value for value, _ in offered}) != len(offered):
        return None
    known = next(((one.off_value, one.on_value) for one in setting.controls if one.off_value), None)
    if known:
        off_value, on_value = known
        has_on = any(value == on_value for value, _ in offered)
        return (off_value or "", on_value if has_on else None) if any(v == off_value for v, _ in offered) else None
    vocabularies = directory.vocabularies(lang)
    on = {normalize(word) for words in vocabularies for word in words.on}
    off = {normalize(word) for words in vocabularies for word in words.off}
    offs = [value for value, text in offered if text in off - on]
    ons = [value for value, text in offered if text in on - off]
    return (offs[0], ons[0]) if len(offered) == 2 and len(offs) == len(ons) == 1 else None


def _version(
    controls: tuple[ControlView, ...],
    kind: Kind,
    *,
    inverted: bool = False,
    values: tuple[str, str | None] | None = None,
    save: str | None = None,
) -> ControlVersion:
    css, ctl = next(selectors_of(controls, kind))
    return ControlVersion(
        id=RELOCATED,
        seen=now().date(),
        evidence=Evidence.UNKNOWN,
        kind=kind,
        css=css,
        ctl=ctl,
        inverted=inverted,
        off_value=values[0] if values else None,
        on_value=values[1] if values else None,
        save=save,
    )


def _texts(directory: Directory, one: Candidate) -> tuple[str, ...]:
    """What it is labelled with: its names, or the text right beside it where it has none but its value."""
    if one.version.kind is Kind.CHECKBOXES:
        return ()
    return directory.own_names(one.names) or directory.own_names(one.controls[0].beside)


def _known_texts(setting: Setting, memory: Memory) -> list[str]:
    by_language = (*setting.labels.values(), *setting.control_labels.values())
    return [setting.title, *memory.names, *(text for texts in by_language for text in texts)]


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", normalize(text)))


def _likest(ours: Iterable[str], known: Iterable[str], split: Any) -> float:
    """The best likeness of any of our texts with any known one, by the words they share."""
    theirs = [set(split(text)) for text in known]
    best = 0.0
    for text in ours:
        words = set(split(text))
        for others in theirs:
            if words == others and words:
                return 1.0
            if words or others:
                best = max(best, INEXACT * len(words & others) / len(words | others))
    return best


def _unshared(by_setting: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Each text with the one setting that has it; texts of several settings are left out."""
    owners: dict[str, set[str]] = {}
    for setting_id, texts in by_setting.items():
        for text in texts:
            owners.setdefault(text, set()).add(setting_id)
    return {text: next(iter(ids)) for text, ids in owners.items() if len(ids) == 1}


def _told_by(verdict: Refused, found: Refused) -> Refused:
    """The refusal that says more: what speaks against a similar control matters more than that no version fits."""
    if found.why in (Refusal.AMBIGUOUS, Refusal.CONTRADICTED):
        return found
    return verdict
