"""The frozen models of selectors.yaml. They know no browser and no file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from optout.catalogue.css import css_fault

FORMAT = 1
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def check_origin(value: str) -> str:
    """An origin without a path: https, or http on loopback only."""
    parts = _address(value)
    loopback = parts.hostname in LOOPBACK_HOSTS
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ValueError("expected an origin that begins with https:// (http:// only on loopback)")
    if parts.path not in ("", "/") or "?" in value or "#" in value:
        raise ValueError("expected an origin: scheme, host and port, nothing after them")
    return value.rstrip("/")


def _address(value: str) -> SplitResult:
    """The parts of an address that has a host, a possible port, no user name and no blanks in it."""
    try:
        parts = urlsplit(value)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise ValueError(f"expected an address: {error}") from None
    if "@" in parts.netloc or "\\" in value or re.search(r"[\s\x00-\x1f]", value):
        raise ValueError("expected an address without user name, blanks and backslashes")
    if parts.scheme in ("http", "https") and not is_whole:
        raise ValueError("expected an address with a host and a port that exists")
    return parts


def check_path(value: str) -> str:
    """A path on the service's own origin: it begins with one slash and has no host and no dots."""
    if not value.startswith("/") or value.startswith("//") or "\\" in value:
        raise ValueError("expected a path on the service's origin that begins with one /")
    if any(part in ("..", ".") for part in urlsplit(value).path.split("/")) or re.search(r"[\s\x00-\x1f]", value):
        raise ValueError("expected a path without '..' and without spaces")
    return value


def check_css(value: str) -> str:
    """A CSS selector that parses and can match an element."""
    fault = css_fault(value)
    if fault:
        raise ValueError(f"expected a CSS selector: {fault}")
    return value


def check_day(value: object) -> object:
    """A day, not a moment and not a number (which would be read as seconds)."""
    if type(value) is date or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise ValueError("expected a day such as 2026-08-01")


def check_web_address(value: str) -> str:
    """An address of a page on any host: https, or http on loopback only, and no user name in it."""
    parts = _address(value)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS):
        raise ValueError("expected an address that begins with https:// (http:// only on loopback)")
    return value


Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Words = tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...]
Texts = dict[Language, Words]
Css = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(check_css)]
Path = Annotated[str, StringConstraints(max_length=300), AfterValidator(check_path)]
Day = Annotated[date, BeforeValidator(check_day)]
Origin = Annotated[str, AfterValidator(check_origin)]
Https = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=500), AfterValidator(check_web_address)
]


class Model(BaseModel):
    """Frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Evidence(StrEnum):
    """How surely a fact is known (docs/selectors.md has the classes)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    LOCAL = "local"
    UNKNOWN = "?"


class Dated(Model):
    """One version: an id, the day it was seen and the kind of evidence."""

    id: Identifier
    seen: Day
    evidence: Evidence


class Kind(StrEnum):
    """How a control holds its state."""

    SWITCH = "switch"  # a checkbox, an input or a button with the switch role: checked / aria-checked
    CHECKBOXES = "checkboxes"  # several boxes; off means that all are off
    RADIOS = "radios"  # a set of radio buttons; `off_value` is the one that means off
    SELECT = "select"  # a select element; `off_value` is the option that means off


class ControlVersion(Dated):
    """How to find one control on its page, in one generation of the site."""

    kind: Kind = Kind.SWITCH
    css: Css
    ctl: str | None = Field(default=None, description="the control's own id, name or aria-labelledby: a witness")
    region: Literal["main", "page"] = "main"
    inverted: bool = Field(default=False, description="checked means opted out")
    off_value: str | None = Field(default=None, description="radios and select: the value that means off")
    on_value: str | None = Field(default=None, description="radios and select: the value that undo puts back")
    save: Css | None = Field(default=None, description="the Save button, where a click alone does not save")

    @model_validator(mode="after")
    def _values_fit_kind(self) -> ControlVersion:
        if self.kind in (Kind.RADIOS, Kind.SELECT) and not self.off_value:
            raise ValueError(f"expected off_value: a control of kind {self.kind} needs it")
        if self.kind not in (Kind.RADIOS, Kind.SELECT) and (self.off_value or self.on_value):
            raise ValueError(f"expected neither off_value nor on_value: a control of kind {self.kind} has no values")
        if self.inverted and self.kind in (Kind.RADIOS, Kind.SELECT):
            raise ValueError(f"expected no inverted: a control of kind {self.kind} says by off_value what off is")
        return self


class PathVersion(Dated):
    """Where a page was, at one time."""

    path: Path


class CssVersion(Dated):
    """A selector for a part of a page, in one generation of the site."""

    css: Css


class Setting(Model):
    """One privacy control."""

    id: Identifier
    group: Identifier
    title: str = Field(min_length=1, max_length=200)
    index: Identifier | None = Field(default=None, description="the index that lists it, if any does")
    index_value: bool = Field(default=True, description="whether its index row shows On or Off")
    labels: Texts = Field(default_factory=dict, description="the index row's label, and the page's heading")
    headings: Texts = Field(default_factory=dict, description="other headings of its own page")
    control_labels: Texts = Field(default_factory=dict, description="labels of the control itself")
    after: tuple[Identifier, ...] = Field(default=(), description="settings whose switching may switch this one too")
    paths: tuple[PathVersion, ...] = ()
    controls: tuple[ControlVersion, ...] = Field(min_length=1)


class Index(Model):
    """A page that lists settings with their values."""

    id: Identifier
    title: str
    labels: Texts = Field(default_factory=dict)
    paths: tuple[PathVersion, ...] = Field(min_length=1)
    rows: tuple[CssVersion, ...] = Field(min_length=1, description="links of the rows, newest first")


class SignInForm(Dated):
    """The fields of the sign-in page."""

    username: Css
    password: Css
    submit: Css


class Mark(Model):
    """A sign of being signed in: a cookie (with a value, if given) or an element."""

    cookie: str | None = None
    value: str | None = None
    css: Css | None = None


class SignedIn(Model):
    """What proves that someone is signed in: the path, the cookie, and not being elsewhere."""

    paths: tuple[Path, ...] = Field(min_length=1)
    cookie: str | None = None
    marks: tuple[Mark, ...] = ()


class ChallengeKind(StrEnum):
    """What a challenge page asks for."""

    EMAILED_CODE = "emailed-code"
    TWO_STEP = "two-step"
    CAPTCHA = "captcha"


class Challenge(Dated):
    """One kind of challenge page, by its signs."""

    kind: ChallengeKind
    css: Css
    field: Css | None = None
    submit: Css | None = None
    remember: Css | None = Field(default=None, description="the box that spares this browser the next challenge")


class SignIn(Model):
    """How a person gets in, and how a page shows that they are not."""

    page: Path
    forms: tuple[SignInForm, ...] = Field(min_length=1)
    signed_in: SignedIn
    signed_out_paths: tuple[Path, ...] = ()
    refused: tuple[CssVersion, ...] = ()
    challenge_paths: tuple[Path, ...] = ()
    challenges: tuple[Challenge, ...] = ()


class SlowDown(Model):
    """How the site says: not so fast."""

    statuses: tuple[int, ...] = (429,)
    signs: tuple[CssVersion, ...] = ()


class Dialogs(Model):
    """Other elements that may be in the way, by this service's own marks (words are in `languages`)."""

    banners: tuple[CssVersion, ...] = ()


class Group(Model):
    """A set of settings that a person chooses by one name."""

    id: Identifier
    title: str
    default: bool = True
    summary: str = ""


class Vocabulary(Model):
    """Words of one language, matched whole, whatever their case."""

    on: Words
    off: Words
    turn_off: Words = Field(default=(), description="buttons of a 'turn off?' dialog that can mean nothing else")
    agree: Words = Field(default=(), description="buttons such as OK, taken only where the text asks about turning off")
    about_off: Words = Field(default=(), description="what such a question says; ... stands for a few words")
    sure: Words = Field(default=(), description="a question that only asks again, beside the one about turning off")
    past_off: Words = Field(default=(), description="what a text says when something was turned off already")
    keeps: Words = Field(default=(), description="what a text says that asks to keep something on")
    back_on: Words = Field(default=(), description="what a text says that asks to turn something on")
    besides: Words = Field(default=(), description="what a text says that asks about something besides the setting")
    offers: Words = Field(default=(), description="what a text says that offers something")
    detours: Words = Field(default=(), description="words of a question that does not ask whether to turn off")
    refuse_cookies: Words = ()
    accept_cookies: Words = ()
    cookies: Words = ()
    negations: Words = Field(
        default=(), description="words that turn a label's meaning round; ... stands for a few words"
    )
    unrelated: Words = Field(default=(), description="what a label says that is about something else, such as messages")
    trouble: Words = Field(default=(), description="what a page says that failed although it was answered")
    more: Words = Field(default=(), description="buttons that show more of a list; ... stands for a few words")


class Notice(Model):
    """A page whose text is watched for changes."""

    id: Identifier
    title: str
    url: Https


class Objection(Model):
    """Where to object to what no toggle covers."""

    url: Https
    fields: tuple[str, ...] = ()
    company: str
    address: str = ""
    topics: dict[Language, tuple[str, ...]] = Field(default_factory=dict)


class Regional(Model):
    """What is known of one region: which defaults apply there, since when."""

    regions: tuple[Identifier, ...]
    settings: tuple[Identifier, ...] = Field(default=(), description="the settings it is about; none named: all")
    text: str
    source: str = ""


class Service(Model):
    """A website with accounts: everything particular to it."""

    id: Identifier
    title: str
    origin: Origin
    main: tuple[CssVersion, ...] = Field(min_length=1, description="the main region of a page")
    groups: tuple[Group, ...] = Field(min_length=1)
    signin: SignIn | None = None
    slow_down: SlowDown = SlowDown()
    dialogs: Dialogs = Dialogs()
    setting_paths: tuple[Path, ...] = Field(default=(), description="prefixes under which new settings would be")
    pace_seconds: float = Field(default=1.0, ge=0, le=60, description="least time between two page loads, in seconds")
    indexes: tuple[Index, ...] = ()
    settings: tuple[Setting, ...] = Field(min_length=1)
    notices: tuple[Notice, ...] = ()
    objection: Objection | None = None
    regional: tuple[Regional, ...] = ()

    def setting(self, setting_id: str) -> Setting:
        """The setting of that id; `KeyError` if there is none."""
        for setting in self.settings:
            if setting.id == setting_id:
                return setting
        raise KeyError(setting_id)

    def index(self, index_id: str) -> Index:
        """The index of that id; `KeyError` if there is none."""
        for index in self.indexes:
            if index.id == index_id:
                return index
        raise KeyError(index_id)

    @property
    def is_loopback(self) -> bool:
        """Whether the service's pages come from this machine."""
        return urlsplit(self.origin).hostname in LOOPBACK_HOSTS


class Catalogue(Model):
    """The validated content of selectors.yaml."""

    format: Literal[1]
    catalogue: Day
    languages: dict[Language, Vocabulary]
    services: tuple[Service, ...] = Field(min_length=1)

    def service(self, service_id: str) -> Service:
        """The service of that id; `KeyError` if there is none."""
        for service in self.services:
            if service.id == service_id:
                return service
        raise KeyError(service_id)

    def words(self) -> Iterator[Vocabulary]:
        """The vocabularies of every language."""
        return iter(self.languages.values())
