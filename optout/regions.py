"""What law gives a person in each region: the ground of an objection, the time for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from optout.errors import UsageError
from optout.outcomes import AccountResult, Outcome

if TYPE_CHECKING:
    from optout.catalogue.models import Catalogue, Regional, Service


class Law(StrEnum):
    """The law that a letter relies on; the letters' templates have a passage for each."""

    GDPR = "gdpr"
    UK_GDPR = "uk-gdpr"
    FADP = "fadp"
    CCPA = "ccpa"
    US_STATES = "us-states"
    PIPEDA = "pipeda"
    PDPO = "pdpo"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Region:
    """A region, its law in one line, and the days within which an answer can be expected.

    `deadline_is_law`: whether the law itself sets these days; otherwise they are a courtesy that the letter asks for.
    """

    id: str
    title: str
    law: Law
    grounds: str
    deadline_days: int
    deadline_is_law: bool
    deadline_source: str

    @property
    def deadline(self) -> timedelta:
        """The time for an answer."""
        return timedelta(days=self.deadline_days)


REGIONS: tuple[Region, ...] = (
    Region(
        "eu",
        "European Union and European Economic Area",
        Law.GDPR,
        "GDPR Art. 21(1) and (2) (right to object), Art. 18(1)(d) (restriction), Art. 17(1)(c) (erasure)",
        30,
        True,
        "GDPR Art. 12(3): one month from receipt",
    ),
    Region(
        "uk",
        "United Kingdom",
        Law.UK_GDPR,
        "UK GDPR Art. 21(1) and (2) (right to object), Art. 18(1)(d) (restriction), Art. 17(1)(c) (erasure)",
        30,
        True,
        "UK GDPR Art. 12(3): one month from receipt",
    ),
    Region(
        "ch",
        "Switzerland",
        Law.FADP,
        "revised Federal Act on Data Protection Art. 30(2)(b) (processing against an express declaration), Art. 32(2)",
        30,
        False,
        "no period in the law for objections; 30 days as for access (Art. 25(7))",
    ),
    Region(
        "us-ca",
        "California",
        Law.CCPA,
        "CCPA as amended by the CPRA, Cal. Civ. Code 1798.120 (sale and sharing) and 1798.121 (sensitive data)",
        21,
        True,
        "Cal. Code Regs. tit. 11, 7026(f) and 7027(g): 15 business days from receipt",
    ),
    Region(
        "us",
        "United States (other than California)",
        Law.US_STATES,
        "the consumer privacy law of the state, where there is one (sale, targeted advertising, profiling)",
        45,
        True,
        "45 days in most of the state laws",
    ),
    Region(
        "ca",
        "Canada",
        Law.PIPEDA,
        "PIPEDA, Schedule 1, clause 4.3.8 (withdrawal of consent)",
        30,
        False,
        "reasonable notice (clause 4.3.8); 30 days as for access requests (s. 8(3))",
    ),
    Region(
        "hk",
        "Hong Kong",
        Law.PDPO,
        "Personal Data (Privacy) Ordinance, Cap. 486: Data Protection Principle 3 and s. 35G (direct marketing)",
        40,
        False,
        "no period in the law for objections; 40 days as for access requests (s. 19)",
    ),
    Region(
        "other",
        "anywhere else",
        Law.NONE,
        "no particular law; a request, and the company's own promises",
        30,
        False,
        "a courtesy that the letter asks for",
    ),
)

# ISO 3166 codes of the EU's members and of Iceland, Liechtenstein and Norway (EEA).
EEA_COUNTRIES = "at be bg cy cz de dk ee es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk is li no"
OTHER_SPELLINGS: tuple[tuple[str, str], ...] = (
    ("eea", "eu"),
    ("gb", "uk"),
    ("usa", "us"),
    ("california", "us-ca"),
    ("el", "eu"),
)


def region_named(name: str) -> Region:
    """The region of that id or ISO country code, whatever its case; `UsageError` that lists the known ones."""
    wanted = name.strip().casefold().replace("_", "-")
    region_id = "eu" if wanted in EEA_COUNTRIES.split() else dict(OTHER_SPELLINGS).get(wanted, wanted)
    for region in REGIONS:
        if region.id == region_id:
            return region
    known = ", ".join(f"{region.id} ({region.title})" for region in REGIONS)
    trouble = f"The region {name!r} is unknown." if wanted else "The law depends on where you live: add --region."
    raise UsageError(
        f"{trouble} Known: {known}; a country of the European Economic Area may be named by its "
        "two letters too. Where your law is not among them, use --region other"
    )


def explain(service: Service, region: Region, setting_id: str | None = None) -> tuple[Regional, ...]:
    """What the catalogue knows of that region: of one setting, or what holds for all of them (`setting_id` None)."""
    return tuple(
        note
        for note in service.regional
        if region.id in note.regions
        and (not note.settings if setting_id is None else setting_id in note.settings or not note.settings)
    )


def notes_of(catalogue: Catalogue, region: Region | None, result: AccountResult) -> tuple[str, ...]:
    """What a report says of the region: defaults that apply there, controls it may lack, the right that remains."""
    service = next((one for one in catalogue.services if one.id == result.service), None)
    if service is None:
        return ()
    notes: list[str] = []
    if region:
        shown = {one.id for one in result.settings}
        known = [one for one in service.regional if region.id in one.regions]
        notes += [
            f"{region.title}: {one.text}{f' Source: {one.source}' if one.source else ''}"
            for one in known
            if not one.settings or shown & set(one.settings)
        ]
    absent = [one.title for one in result.settings if one.outcome is Outcome.NOT_OFFERED]
    if absent:
        notes.append(
            f"Not offered to this account: {', '.join(absent)}. "
            "Services do not offer every control in every region: that is a finding, not a failure"
        )
    if service.objection and region:
        command = f"optout rights {result.account} --region {region.id}"
        notes.append(f"What no setting covers you may object to ({region.grounds}): {command}")
    elif service.objection:
        notes.append("What applies by default depends on where you live: optout report --write FOLDER --region WHERE")
    return tuple(notes)
