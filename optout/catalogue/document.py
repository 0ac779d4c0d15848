"""YAML text as plain data that remembers where each part of it stands.

Built from parser events, without recursion and with bounds, because a selectors file may come from a stranger:
deep nesting crashes the C composer, and aliases can multiply without end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, cast

from optout.catalogue.problems import CatalogueError, Place, Problem, shown

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 200_000
# What ruamel.yaml's parsers raise on broken text besides their own errors (found by fuzzing).
PARSER_FAULTS = (ValueError, TypeError, AttributeError, IndexError, KeyError, OverflowError, RecursionError)

INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
DECIMAL = re.compile(r"[-+]?(\.[0-9]{1,18}|[0-9]{1,18}(\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,3})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CONSTANTS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


class Map(dict[str, Any]):
    """A mapping; `place` is its own, `keys_at` and `values_at` those of its parts."""

    __slots__ = ("keys_at", "place", "values_at")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.keys_at: dict[str, Place] = {}
        self.values_at: dict[str, Place] = {}

    def put(self, key: str, value: Any, key_at: Place, value_at: Place) -> None:
        """Sets a value together with the places of both."""
        self[key] = value
        self.keys_at[key] = key_at
        self.values_at[key] = value_at


class Seq(list[Any]):
    """A list; `place` is its own, `items_at` those of its items."""

    __slots__ = ("items_at", "place")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.items_at: list[Place] = []

    def place_of(self, index: int) -> Place:
        """Where an item stands; the list's own place if that is not known."""
        item = self[index]
        if isinstance(item, Map | Seq):
            return item.place
        return self.items_at[index] if index < len(self.items_at) else self.place


def read_document(path: Path, name: str | None = None) -> Map:
    """The mapping in a YAML file; `name` is the file's name in messages. Raises `CatalogueError`."""
    name = name or str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _fault(Place(name), f"the file cannot be read: {reason}") from error
    if len(content) > MAX_BYTES:
        raise _fault(Place(name), f"found more than {MAX_BYTES:,} bytes, the most that is read")
    return parse_document(content, name)


def parse_document(content: bytes, name: str) -> Map:
    """The mapping in YAML content. Raises `CatalogueError` for whatever is not one plain mapping."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = Place(name, before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        raise _fault(place, f"found the byte 0x{content[error.start]:02x}, expected UTF-8 text") from None
    builder = _Builder(name)
    builder.build(text)
    if builder.problems:
        raise CatalogueError(tuple(builder.problems))
    if not isinstance(builder.root, Map):
        found = shown(builder.root)
        raise _fault(builder.root_at, f"found {found}, expected a mapping that begins with 'format: 1'")
    return builder.root


def _fault(place: Place, message: str) -> CatalogueError:
    return CatalogueError((Problem(place, "", message),))


def _events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 -- only when a catalogue is read

    yield from YAML(typ="safe", pure=False).parse(text)


class _Frame:
    """A collection under construction, and the key that waits for its value."""

    __slots__ = ("key", "key_at", "merges", "value")

    def __init__(self, value: Map | Seq) -> None:
        self.value = value
        self.key: str | None = None
        self.key_at = value.place
        self.merges: list[tuple[Any, Place]] = []


class _Builder:
    """Turns parser events into `Map`, `Seq` and scalars, noting every fault that does not end the reading."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.root: Any = None
        self.root_at = Place(name)
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Any] = {}
        self._open_anchors: dict[int, str] = {}
        self._values = 0
        self._documents = 0

    def build(self, text: str) -> None:
        """Reads the whole text; raises `CatalogueError` where it cannot be read on."""
        from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415 -- only when a catalogue is read

        try:
            for event in _events(text):
                getattr(self, f"_{type(event).__name__}", self._ignored)(event)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(self.name, mark.line + 1, mark.column + 1) if mark else Place(self.name)
            raise _fault(place, f"expected valid YAML: {error.problem or error.context}") from None
        except YAMLError as error:
            # Control characters: the text of ruamel's ReaderError has its position on a second line.
            place = self._place_of_index(text, getattr(error, "position", None))
            raise _fault(place, f"expected valid YAML: {str(error).splitlines()[0]}") from None
        except PARSER_FAULTS as error:
            raise _fault(Place(self.name), f"expected valid YAML: {error}") from error

    def _place_of_index(self, text: str, index: object) -> Place:
        if not isinstance(index, int):
            return Place(self.name)
        before = text[:index]
        return Place(self.name, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)

    def _at(self, event: Any) -> Place:
        return Place(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _ignored(self, event: Any) -> None:
        """Stream and document events carry nothing."""

    def _DocumentStartEvent(self, event: Any) -> None:  # noqa: N802 -- named after the parser's event
        self._documents += 1
        if self._documents > 1:
            raise _fault(self._at(event), "found a second document (---), expected one")

    def _MappingStartEvent(self, event: Any) -> None:  # noqa: N802
        self._open(event, Map(self._at(event)), "map")

    def _SequenceStartEvent(self, event: Any) -> None:  # noqa: N802
        self._open(event, Seq(self._at(event)), "seq")

    def _open(self, event: Any, value: Map | Seq, kind: str) -> None:
        self._check_tag(event, kind)
        if len(self._frames) >= MAX_DEPTH:
            raise _fault(value.place, f"expected at most {MAX_DEPTH} levels of nesting")
        self._count(1, value.place)
        if self._is_key_awaited():
            raise _fault(value.place, f"found {'a mapping' if kind == 'map' else 'a list'}, expected a plain key")
        if event.anchor:
            self._open_anchors[id(value)] = event.anchor
            self._anchors.pop(event.anchor, None)
        self._frames.append(_Frame(value))

    def _MappingEndEvent(self, event: Any) -> None:  # noqa: N802, ARG002
        frame = self._frames.pop()
        mapping = cast(Map, frame.value)
        for source, place in frame.merges:
            self._merge(mapping, source, place)
        self._close(mapping)

    def _SequenceEndEvent(self, event: Any) -> None:  # noqa: N802, ARG002
        self._close(self._frames.pop().value)

    def _close(self, value: Map | Seq) -> None:
        anchor = self._open_anchors.pop(id(value), None)
        if anchor:
            self._anchors[anchor] = value
        self._add(value, value.place)

    def _ScalarEvent(self, event: Any) -> None:  # noqa: N802
        place = self._at(event)
        self._count(1, place)
        self._check_tag(event, "str")
        is_plain = bool(event.implicit[0])
        if self._is_key_awaited():
            self._take_key(event.value, is_plain, place)
            return
        value = plain_scalar(event.value) if is_plain else event.value
        if event.anchor:
            self._anchors[event.anchor] = value
        self._add(value, place)

    def _take_key(self, key: str, is_plain: bool, place: Place) -> None:
        frame = self._frames[-1]
        frame.key, frame.key_at = key, place
        if key == "<<" and is_plain:
            return
        mapping = cast(Map, frame.value)
        if key in mapping:
            first = mapping.keys_at[key]
            message = f"found this key twice, expected it once (the first is in line {first.line})"
            self.problems.append(Problem(place, self._path(), message))

    def _path(self) -> str:
        path = ""
        for frame in self._frames:
            if isinstance(frame.value, Seq):
                path += f"[{len(frame.value)}]"
            else:
                path += f".{frame.key}" if path else str(frame.key)
        return path

    def _AliasEvent(self, event: Any) -> None:  # noqa: N802
        place = self._at(event)
        if self._is_key_awaited():
            raise _fault(place, f"found the alias *{event.anchor}, expected a plain key")
        if event.anchor not in self._anchors:
            is_open = event.anchor in self._open_anchors.values()
            reason = "stands inside of what it names" if is_open else "names nothing"
            raise _fault(place, f"the alias *{event.anchor} {reason}, expected an anchor &{event.anchor} before it")
        self._add(self._copy(self._anchors[event.anchor], place), place)

    def _copy(self, value: Any, place: Place) -> Any:
        # Every use of an alias is its own copy: what is laid over one setting must not change another.
        self._count(1, place)
        if isinstance(value, Map):
            copied = Map(value.place)
            for key, part in value.items():
                copied.put(key, self._copy(part, place), value.keys_at[key], value.values_at[key])
            return copied
        if isinstance(value, Seq):
            items = Seq(value.place)
            items.items_at = list(value.items_at)
            items.extend(self._copy(part, place) for part in value)
            return items
        return value

    def _merge(self, mapping: Map, source: Any, place: Place) -> None:
        for part in source if isinstance(source, Seq) else (source,):
            if not isinstance(part, Map):
                message = f"found {shown(part)}, expected a mapping or an alias of one"
                self.problems.append(Problem(place, "<<", message))
                continue
            for key in [key for key in part if key not in mapping]:
                mapping.put(key, part[key], part.keys_at[key], part.values_at[key])

    def _add(self, value: Any, place: Place) -> None:
        if not self._frames:
            self.root, self.root_at = value, place
            return
        frame = self._frames[-1]
        if isinstance(frame.value, Seq):
            frame.value.append(value)
            frame.value.items_at.append(place)
        elif frame.key == "<<" and isinstance(value, Map | Seq):
            frame.merges.append((value, place))
        else:
            frame.value.put(cast(str, frame.key), value, frame.key_at, place)
        frame.key = None

    def _is_key_awaited(self) -> bool:
        return bool(self._frames) and isinstance(self._frames[-1].value, Map) and self._frames[-1].key is None

    def _check_tag(self, event: Any, kind: str) -> None:
        tag = str(event.tag) if event.tag else ""
        if tag and tag not in ("!", f"tag:yaml.org,2002:{kind}"):
            shortened = tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.append(Problem(self._at(event), "", f"found the tag {shortened}, expected plain values"))

    def _count(self, values: int, place: Place) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _fault(place, f"expected at most {MAX_VALUES:,} values, aliases counted each time they are used")


def plain_scalar(text: str) -> str | bool | int | float | date | None:
    """The value of an unquoted word as YAML 1.2 has it, days included: `On`, `No` and `yes` stay words."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        return float(text)
    if DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text
