"""The models' refusals in plain words: file, line, column, key, what was found and what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from optout.catalogue.checks import item_path, near
from optout.catalogue.document import Map, Seq
from optout.catalogue.models import Catalogue
from optout.catalogue.problems import Place, Problem, shown

EXPECTED = {
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "dict_type": "a mapping (key: value)",
    "tuple_type": "a list",
    "string_type": "a text (put it in quotes if it is one)",
    "string_too_short": "a text that is not empty",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "date_type": "a day such as 2026-08-01",
    "finite_number": "a number",
}
PATTERNS = {
    "^[a-z0-9]": "an id: small letters, digits and hyphens, at most 64 of them",
    "^[a-z]{2}": "a language such as en or pt-BR",
    "^https": "an address that begins with https://",
}
# What a missing key would hold, where its name alone does not say it.
MISSING = {
    "id": "an id such as 2026-07",
    "seen": "the day it was seen, such as 2026-08-01",
    "evidence": "one of A, B, C, D, local, ?",
    "css": "a CSS selector",
    "path": "a path such as /settings/privacy",
    "origin": "an origin such as https://www.example.com",
    "format": "1",
    "catalogue": "the day of this file, such as 2026-08-01",
}


def in_words(error: ValidationError, document: Map) -> Iterator[Problem]:
    """Each of the models' refusals as a problem, with its place in the document."""
    for detail in error.errors(include_url=False):
        # A list whose items are refused counts as empty for the models; the items' own faults say enough.
        value = _find(document, tuple(detail["loc"]))[0]
        if detail["type"] != "too_short" or len(value) < detail["ctx"]["min_length"]:
            yield _problem(detail, document)


def _problem(detail: Any, document: Map) -> Problem:
    location = tuple(detail["loc"])
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        _, place, path = _find(document, location[:-1])
        expected = MISSING.get(str(location[-1]), "this key, which is required")
        return Problem(place, _join(path, str(location[-1])), f"found nothing, expected {expected}")
    if kind == "extra_forbidden":
        return _unknown_key(document, location)
    is_key = location[-1:] == ("[key]",)
    location = location[:-1] if is_key else location
    value, place, path = _find(document, location, at_key=is_key)
    found = shown(location[-1] if is_key else value)
    if kind == "value_error":
        return Problem(place, path, f"found {found}, {context['error']}")
    return Problem(place, path, f"found {found}, expected {_expected(kind, context, detail['msg'])}")


def _expected(kind: str, context: dict[str, Any], message: str) -> str:
    if kind.startswith("date_"):
        return EXPECTED["date_type"]
    if kind in ("enum", "literal_error"):
        return f"one of {str(context['expected']).replace(' or ', ', ')}"
    if kind == "string_pattern_mismatch":
        for beginning, words in PATTERNS.items():
            if str(context["pattern"]).startswith(beginning):
                return words
    if kind == "too_short":
        return f"at least {context['min_length']} item{'' if context['min_length'] == 1 else 's'}"
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters"
    if kind == "greater_than_equal":
        return f"at least {context['ge']:g}"
    if kind == "less_than_equal":
        return f"at most {context['le']:g}"
    return EXPECTED.get(kind, message[:1].lower() + message[1:])


def _unknown_key(document: Map, location: tuple[Any, ...]) -> Problem:
    _, place, path = _find(document, location, at_key=True)
    model = _model_at(location[:-1])
    known = list(model.model_fields) if model else []
    key = str(location[-1])
    return Problem(place, path, f"found an unknown key, expected one of: {', '.join(known)}{near(key, known)}")


def _find(document: Map, location: tuple[Any, ...], *, at_key: bool = False) -> tuple[Any, Place, str]:
    """The value at a location, its place (or that of its key) and the path of keys that leads there."""
    value: Any = document
    place, path = document.place, ""
    for step in location:
        if isinstance(value, Map) and step in value:
            is_last = at_key and step is location[-1]
            place = value.keys_at[step] if is_last else value.values_at[step]
            path, value = _join(path, str(step)), value[step]
        elif isinstance(value, Seq) and isinstance(step, int) and step < len(value):
            place, path, value = value.place_of(step), item_path(path, value, step), value[step]
        else:
            break
    return value, place, path


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _model_at(location: tuple[Any, ...]) -> type[BaseModel] | None:
    """The model that stands at a location of the catalogue."""
    model: type[BaseModel] | None = Catalogue
    for step in location:
        if isinstance(step, str) and model is not None and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation)
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
