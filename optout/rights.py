"""The objection to what no setting covers, as a letter. It is written, never sent; it is no legal advice."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from optout.errors import UsageError
from optout.outcomes import State
from optout.regions import Region

if TYPE_CHECKING:
    from optout.catalogue.models import Objection, Service

LANGUAGES: tuple[str, ...] = ("en", "de", "fr", "es", "it")
LINE_WIDTH = 78
NAME_LIMIT = 200
EMAIL = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+")


@dataclass(frozen=True, slots=True)
class ProvedSetting:
    """A setting as it was last proved: what, in which state, when."""

    title: str
    state: State
    at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes; what is not known stays `None` and becomes a blank to fill in."""

    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter without its wrapping: every paragraph and list item is one line of `body`."""

    subject: str
    body: str
    notes: tuple[str, ...]
    form: str
    person: Person


def write_letter(
    service: Service, region: Region, language: str, person: Person, proved: tuple[ProvedSetting, ...], today: date
) -> Letter:
    """The letter for that region, in that language; of `proved`, only what is off is named in it.

    Raises `UsageError` for a language that no letter is written in, and for a service without an objection.
    """
    objection = _objection(service)
    if language not in LANGUAGES:
        raise UsageError(f"No letter is written in the language {language!r}. Known: {', '.join(LANGUAGES)}")
    person = Person(_one_line(person.name), _checked_email(person.email))
    values: dict[str, Any] = {
        "service": service.title,
        "company": objection.company,
        "address": [line.strip() for line in objection.address.splitlines() if line.strip()],
        "form": objection.url,
        "fields": objection.fields,
        "topics": objection.topics.get(language, ()),
        "law": region.law.value,
        "name": person.name,
        "email": person.email,
        "proved": [
            ProvedSetting(_one_line(setting.title) or "", setting.state, setting.at.astimezone(UTC))
            for setting in proved
            if setting.state is State.OFF
        ],
        "today": today,
    }
    notes = _render(language, "notes", values).splitlines()
    return Letter(
        subject=_render(language, "subject", values),
        body=_render(language, "body", values) + "\n",
        notes=tuple(line for line in notes if line),
        form=objection.url,
        person=person,
    )


def as_text(letter: Letter) -> str:
    """The letter for reading and pasting; the notes stand below a line, outside of it."""
    wrapped = "\n".join(_wrapped(line) for line in letter.body.splitlines())
    notes = "\n".join(_wrapped(f"- {note}") for note in letter.notes)
    return f"{_wrapped(letter.subject)}\n\n{wrapped}\n\n{'-' * LINE_WIDTH}\n{notes}\n"


def as_markdown(letter: Letter) -> str:
    """The letter as Markdown; what came from outside (names, titles) cannot become markup."""
    lines = [
        # Two blanks keep the lines of an address apart.
        f"{_escaped(line)}  " if line and following and not line.startswith("- ") else _escaped(line)
        for line, following in _with_following(letter.body.splitlines())
    ]
    notes = "\n".join(f"> - {_escaped(note)}" for note in letter.notes)
    return f"# {_escaped(letter.subject)}\n\n" + "\n".join(lines) + f"\n\n---\n\n{notes}\n"


def as_draft(letter: Letter) -> bytes:
    """The letter as an e-mail draft (.eml) that mail programs open for editing; it has no recipient yet."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = letter.subject
    if letter.person.email:
        message["From"] = letter.person.email
    message["X-Unsent"] = "1"
    message["X-Optout-Note"] = "Draft, not sent; no legal advice"
    message.set_content(letter.body)
    return message.as_bytes()


FORMATS: dict[str, Callable[[Letter], str]] = {"text": as_text, "markdown": as_markdown}


def _objection(service: Service) -> Objection:
    if service.objection is None:
        raise UsageError(
            f"The catalogue names no place to object for {service.title}. "
            "Services that have one are listed by: optout settings"
        )
    return service.objection


def _render(language: str, part: str, values: dict[str, Any]) -> str:
    environment = Environment(  # noqa: S701 -- plain text; as_markdown and EmailMessage escape for themselves
        loader=PackageLoader("optout", "rights_texts"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template(f"letter.{language}.txt.j2")
    text = str(getattr(template.make_module(values), part)())
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _one_line(text: str | None) -> str | None:
    flat = " ".join((text or "").split())[:NAME_LIMIT]
    return "".join(character for character in flat if character.isprintable()) or None


def _checked_email(email: str | None) -> str | None:
    flat = _one_line(email)
    if flat is not None and not EMAIL.fullmatch(flat):
        raise UsageError(f"{flat!r} is no e-mail address. Name the account's: --email name@example.org")
    return flat


def _wrapped(line: str) -> str:
    hanging = "  " if line.startswith("- ") else ""
    return "\n".join(
        textwrap.wrap(line, LINE_WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
    )


def _with_following(lines: list[str]) -> list[tuple[str, str]]:
    return list(zip(lines, [*lines[1:], ""], strict=True))


def _escaped(line: str) -> str:
    bullet, text = ("- ", line[2:]) if line.startswith("- ") else ("", line)
    return bullet + re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text)
