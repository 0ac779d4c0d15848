"""Proving that a control is the right one. Pure: a look at a page goes in, a proof or a refusal comes out.

Three kinds of witness are independent of each other (proof rule 1): the *place* (the page's path, or the index row
that led there), the control's own *id*, and a *label* (its own, or the page's heading) in a known language. Two of
them must agree and none may contradict, and the control must be the only one that fits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from optout.browser.views import ControlView, PageView, trim_path
from optout.catalogue.models import ControlVersion, Kind, Setting
from optout.directory import Directory
from optout.outcomes import State
from optout.phrases import normalize

NEEDED = 2
A_LIST = 3


class Witness(StrEnum):
    """An independent sign that a control is the right one."""

    PLACE = "place"
    ID = "id"
    LABEL = "label"


class Refusal(StrEnum):
    """Why no control could be used."""

    ABSENT = "absent"
    AMBIGUOUS = "ambiguous"
    CONTRADICTED = "contradicted"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True)
class Proved:
    """A control that is the right one: its version, its elements, and who said so."""

    version: ControlVersion
    controls: tuple[ControlView, ...]
    witnesses: frozenset[Witness]
    said: tuple[str, ...]
    selector: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """No control could be proved; `text` says why in the person's words."""

    why: Refusal
    text: str


Verdict = Proved | Refused


@dataclass(frozen=True, slots=True)
class Lead:
    """How the page was reached: the path asked for, and the path that the setting's index row gives, if it has one.

    `expected`: the state that something else speaks for (the index, or the last verified run); a page that shows
    another one, or speaks alone, is looked at longer. `is_listed`: `expected` is what the
    index says of the state that it has now.
    """

    path: str
    row_path: str | None = None
    expected: State | None = None
    is_listed: bool = False


def prove(directory: Directory, setting: Setting, view: PageView, lead: Lead) -> Verdict:
    """The one control of this setting on this page, proved, or why there is none.

    The newest version that is proved right wins. A version that fits several elements ends the search: an older,
    narrower one would only hide the doubt.
    """
    page = page_witnesses(directory, setting, view, lead)
    if isinstance(page, Refused):
        return page
    doubts: list[Refused] = []
    for version, matches in zip(setting.controls, view.matches, strict=True):
        found = tuple(view.controls[at] for at in matches)
        if not found:
            continue
        verdict = _prove_version(directory, setting, version, found, view, page)
        if isinstance(verdict, Proved):
            return verdict
        doubts.append(verdict)
        if verdict.why in (Refusal.AMBIGUOUS, Refusal.CONTRADICTED):
            return verdict
    if doubts:
        return doubts[0]
    where = f"under '{view.headings[0][1]}'" if view.headings else f"on {view.path}"
    if len(page) >= NEEDED and {one.kind for one in setting.controls} == {Kind.CHECKBOXES}:
        return Refused(Refusal.ABSENT, f"nothing to switch off is listed {where}; perhaps you have nothing there")
    return Refused(Refusal.ABSENT, f"no version of its selectors fits anything {where}")


def page_witnesses(directory: Directory, setting: Setting, view: PageView, lead: Lead) -> dict[Witness, str] | Refused:
    """What the page itself says of being this setting's: its path and its heading."""
    said: dict[Witness, str] = {}
    path_owners = directory.owners_of_path(view.path)
    if setting.id in path_owners:
        said[Witness.PLACE] = f"path {view.path}"
    elif path_owners:
        return Refused(
            Refusal.CONTRADICTED, f"the page's path {view.path} belongs to '{_titles(directory, path_owners)}'"
        )
    elif lead.row_path and trim_path(lead.row_path) in (view.path, trim_path(lead.path)):
        # Where the site led on from the row's address: a page of another setting was told by its path above.
        said[Witness.PLACE] = "its index row leads here"
    heading = heading_verdict(directory, setting, view)
    if isinstance(heading, Refused):
        return heading
    if heading:
        said[Witness.LABEL] = f"heading '{heading}'"
    elif titled := title_part(directory, setting, view):
        said[Witness.LABEL] = f"title '{titled}'"
    return said


def title_part(directory: Directory, setting: Setting, view: PageView) -> str | None:
    """The part of the page's title that names this setting; a title never contradicts, it is often left as it was."""
    parts = (part.strip() for part in re.split(r"[|·–—]| - ", view.title))
    return next((part for part in parts if directory.owners_of_label([part]) == {setting.id}), None)


def heading_verdict(directory: Directory, setting: Setting, view: PageView) -> str | Refused | None:
    """The heading that names this setting; a refusal when the page is headed by another's; None when none is known."""
    ordered = sorted(view.headings, key=lambda one: one[0] != 1)
    for _, text in ordered:
        owners = directory.owners_of_label([text])
        if setting.id in owners:
            return text
        if owners:
            return Refused(
                Refusal.CONTRADICTED, f"the page is headed '{text}', which is '{_titles(directory, owners)}'"
            )
    return None


def _prove_version(
    directory: Directory,
    setting: Setting,
    version: ControlVersion,
    found: tuple[ControlView, ...],
    view: PageView,
    page: dict[Witness, str],
) -> Verdict:
    if version.kind in (Kind.CHECKBOXES, Kind.RADIOS):
        return _prove_set(directory, setting, version, found, view, page)
    fitting = [one for one in found if _contradiction(directory, setting, version, one, view.lang) is None]
    if not fitting:
        text = _contradiction(directory, setting, version, found[0], view.lang)
        return Refused(Refusal.CONTRADICTED, text or "its label contradicts")
    strays = [one for one in fitting if unrelated_name(directory, setting, one)]
    fitting = [one for one in fitting if one not in strays]
    if not fitting:
        return Refused(
            Refusal.UNPROVED, f"a control is there, but its label ({_names(strays)}) is about something else"
        )
    if len(fitting) > 1:
        named = [one for one in fitting if names_itself(directory, setting, one)]
        if len(named) != 1 or version.ctl:
            # Where none of them names itself, the right one may be another, which an older version or the last run
            # knows; where several do, no one can tell them apart.
            why = Refusal.AMBIGUOUS if named or version.ctl else Refusal.UNPROVED
            return Refused(why, f"{len(fitting)} controls on {view.path} fit equally ({_names(fitting)})")
        fitting = named
    verdict = _weigh(directory, setting, version, (fitting[0],), page)
    if isinstance(verdict, Proved) and not _stands_out(directory, setting, version, fitting[0], view):
        return Refused(
            Refusal.UNPROVED,
            f"a control is there ({_names(fitting)}), but other controls are beside it and nothing of its own says "
            "that it is the right one",
        )
    return verdict


def names_itself(directory: Directory, setting: Setting, control: ControlView) -> bool:
    """Whether the control itself, not only its page, says that it is this setting's: by its id or its own label."""
    return setting.id in (
        directory.owners_of_ids(control.own_ids)
        | directory.owners_of_label(control.names)
        | directory.owners_of_label(own_texts(directory, control))
    )


def own_texts(directory: Directory, control: ControlView) -> tuple[str, ...]:
    """What a control is labelled with: its names, or the text right beside it where it has none but its value."""
    return directory.own_names(control.names) or directory.own_names(control.beside)


def unrelated_name(directory: Directory, setting: Setting, control: ControlView) -> str | None:
    """The label by which a control says that it is about something else, where its id does not say otherwise."""
    if setting.id in directory.owners_of_ids(control.own_ids):
        return None
    return next((text for text in own_texts(directory, control) if directory.is_unrelated(setting.id, text)), None)


def _stands_out(
    directory: Directory, setting: Setting, version: ControlVersion, control: ControlView, view: PageView
) -> bool:
    """A path and a heading speak for every control of a page alike: they suffice only where there is no other."""
    if version.ctl and version.ctl in control.own_ids:
        return True
    others = [view.controls[at] for at in view.all_controls if view.controls[at] != control]
    if names_itself(directory, setting, control):
        return not any(names_itself(directory, setting, one) for one in others)
    others = [one for one in others if not _is_anothers(directory, setting, one)]
    return not others or _is_a_list_of_other_things(directory, setting, control, others)


def _is_a_list_of_other_things(
    directory: Directory, setting: Setting, control: ControlView, others: list[ControlView]
) -> bool:
    """Whether the other controls are one list (chips, categories) of another make that speaks of something else."""
    makes = {(one.tag, one.type, one.role) for one in others}
    places = {one.among for one in others}
    if len(others) < A_LIST or len(makes) != 1 or len(places) != 1 or control.among in places:
        return False
    if makes == {(control.tag, control.type, control.role)}:
        return False
    speaks = [any(directory.speaks_of(setting.id, text) for text in own_texts(directory, one)) for one in others]
    return not any(speaks) and any(directory.speaks_of(setting.id, text) for text in own_texts(directory, control))


def _is_anothers(directory: Directory, setting: Setting, control: ControlView) -> bool:
    """Whether a control plainly belongs to other settings of the catalogue."""
    owners = directory.owners_of_ids(control.own_ids) | directory.owners_of_label(own_texts(directory, control))
    return bool(owners) and setting.id not in owners


def _prove_set(
    directory: Directory,
    setting: Setting,
    version: ControlVersion,
    found: tuple[ControlView, ...],
    view: PageView,
    page: dict[Witness, str],
) -> Verdict:
    """Several elements that are one control: all boxes of the page, or the buttons of one radio set."""
    for one in found:
        others = directory.owners_of_label(one.names) | directory.owners_of_ids(one.own_ids)
        if others and setting.id not in others:
            return Refused(
                Refusal.CONTRADICTED, f"one of the boxes ({_names([one])}) belongs to '{_titles(directory, others)}'"
            )
        if unrelated_name(directory, setting, one):
            return Refused(Refusal.CONTRADICTED, f"one of the boxes ({_names([one])}) speaks of something else")
    for name in {name for one in found for name in one.group if not version.inverted}:
        if directory.is_negated(name, view.lang, apart_from=setting.id):
            return Refused(Refusal.CONTRADICTED, _opposite(name))
    if version.kind is Kind.CHECKBOXES and (more := directory.more_in(view)):
        return Refused(Refusal.AMBIGUOUS, f"there may be more boxes than the page shows: it has {more}")
    if version.kind is Kind.RADIOS:
        values = [one.state.value for one in found]
        if len({one.name for one in found}) != 1 or values.count(version.off_value) != 1:
            return Refused(Refusal.AMBIGUOUS, f"the radio buttons are not one set with one '{version.off_value}'")
    if len({(one.role, one.tag) for one in found}) > 1:
        return Refused(Refusal.AMBIGUOUS, f"the boxes are not of one kind ({_names(list(found))})")
    return _weigh(directory, setting, version, found, page)


def _weigh(
    directory: Directory,
    setting: Setting,
    version: ControlVersion,
    controls: tuple[ControlView, ...],
    page: dict[Witness, str],
) -> Verdict:
    said = dict(page)
    ids = frozenset[str]().union(*(one.own_ids for one in controls))
    if version.ctl and version.ctl in ids:
        said[Witness.ID] = f"id {version.ctl}"
    elif setting.id in directory.owners_of_ids(ids):
        said[Witness.ID] = "its own id"
    for one in controls:
        own = next((text for text in one.names if setting.id in directory.owners_of_label([text])), None)
        near = next((text for text in one.nearby if setting.id in directory.owners_of_label([text])), None)
        if own or near:
            said.setdefault(Witness.LABEL, f"label '{own or near}'")
    if len(said) < NEEDED:
        only = next(iter(said.values()), None)
        heard = f"only one witness speaks for it ({only}); two are needed" if only else "nothing speaks for it"
        return Refused(Refusal.UNPROVED, f"a control is there, but {heard}")
    return Proved(version, controls, frozenset(said), tuple(said.values()), version.id)


def _contradiction(
    directory: Directory, setting: Setting, version: ControlVersion, control: ControlView, lang: str
) -> str | None:
    """Why this element cannot be the setting's control, or None."""
    id_owners = directory.owners_of_ids(control.own_ids)
    if id_owners and setting.id not in id_owners:
        return f"the control's id belongs to '{_titles(directory, id_owners)}'"
    label_owners = directory.owners_of_label((*control.names, *own_texts(directory, control)))
    if label_owners and setting.id not in label_owners:
        label = next(iter(own_texts(directory, control)), control.tag)
        return f"the control is labelled '{label[:60]}', which is '{_titles(directory, label_owners)}'"
    if setting.id in label_owners or version.inverted:
        return None
    for name in (*own_texts(directory, control), *control.group):
        if directory.is_negated(name, lang, apart_from=setting.id):
            return _opposite(name)
    return None


def _opposite(name: str) -> str:
    return f"its label '{name}' seems to say the opposite, and the catalogue does not declare it inverted"


def _names(controls: list[ControlView]) -> str:
    return ", ".join(f"'{normalize(one.names[0])[:60]}'" if one.names else f"<{one.tag}>" for one in controls[:3])


def _titles(directory: Directory, owners: frozenset[str]) -> str:
    return "', '".join(directory.setting(one).title for one in sorted(owners))
