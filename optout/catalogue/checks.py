"""What the models cannot see: whether the parts of a catalogue fit together.

These checks look at the raw document, so that all of its faults are listed at once, each with its place. They pass
over what has the wrong shape: the models report that.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import date
from typing import Any

from optout.catalogue.document import Map, Seq
from optout.catalogue.merging import NAMED, VERSIONED
from optout.catalogue.problems import Place, Problem

LABELS = ("labels", "headings", "control_labels")


def check_file(document: Map) -> Iterator[Problem]:
    """Faults within one file: two of one id in a list, versions that do not stand newest first."""
    yield from _check_lists(document, "")


def check_whole(document: Map) -> Iterator[Problem]:
    """Faults of the merged document: references that lead nowhere, words that mean both on and off."""
    yield from _check_words(document)
    languages = document.get("languages")
    for key, service in _items(document, "services", ""):
        yield from _check_references(service, key)
        for setting_key, setting in _items(service, "settings", key):
            if isinstance(languages, Map):
                yield from _check_languages(setting, setting_key, languages)


def near(word: str, known: list[str]) -> str:
    """A suggestion for a misspelt word, ready to be appended, or nothing."""
    matches = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def _check_lists(value: Any, path: str) -> Iterator[Problem]:
    if isinstance(value, Map):
        for key, part in value.items():
            inner = f"{path}.{key}" if path else key
            if isinstance(part, Seq) and key in NAMED | VERSIONED:
                yield from _check_ids(part, inner)
                if key in VERSIONED:
                    yield from _check_order(part, inner)
            yield from _check_lists(part, inner)
    elif isinstance(value, Seq):
        for index, item in enumerate(value):
            yield from _check_lists(item, item_path(path, value, index))


def item_path(path: str, items: list[Any], index: int) -> str:
    """The key path of a list's item: by its id where items are merged by id, else by its number."""
    item = items[index]
    name = item.get("id") if isinstance(item, dict) else None
    if path.rpartition(".")[2] in NAMED and isinstance(name, str):
        return f"{path}.{name}"
    return f"{path}[{index}]"


def _check_ids(items: Seq, path: str) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    for item in items:
        if not isinstance(item, Map) or not isinstance(item.get("id"), str):
            continue
        place = item.values_at["id"]
        if item["id"] in seen:
            first = seen[item["id"]]
            message = f"found the id {item['id']!r} a second time, expected it once (the first is in line {first.line})"
            yield Problem(place, path, message)
        seen.setdefault(item["id"], place)


def _check_order(versions: Seq, path: str) -> Iterator[Problem]:
    newest: date | None = None
    for index, version in enumerate(versions):
        seen = version.get("seen") if isinstance(version, Map) else None
        if type(seen) is not date:
            continue
        if newest is not None and seen > newest:
            message = f"found {seen} after {newest}, expected the newest version first"
            yield Problem(version.values_at["seen"], f"{path}[{index}].seen", message)
        newest = seen


def _items(parent: Map, key: str, path: str) -> Iterator[tuple[str, Map]]:
    items = parent.get(key)
    if isinstance(items, Seq):
        for index, item in enumerate(items):
            if isinstance(item, Map):
                yield item_path(f"{path}.{key}" if path else key, items, index), item


def _ids(parent: Map, key: str) -> list[str]:
    return [item["id"] for _, item in _items(parent, key, "") if isinstance(item.get("id"), str)]


def _check_references(service: Map, path: str) -> Iterator[Problem]:
    groups, indexes, settings = (_ids(service, key) for key in ("groups", "indexes", "settings"))
    for key, setting in _items(service, "settings", path):
        yield from _check_name(setting, "group", f"{key}.group", groups, "group")
        yield from _check_name(setting, "index", f"{key}.index", indexes, "index")
        yield from _check_names(setting, "after", key, settings)
        if isinstance(setting.get("after"), Seq) and _has_id(setting) and _comes_after_itself(service, setting):
            message = "found a setting that comes after itself, expected no circle"
            yield Problem(setting.values_at["after"], f"{key}.after", message)
        if not setting.get("index") and not setting.get("paths"):
            yield Problem(setting.place, key, "found neither index nor paths, expected a way to the setting's page")
    for key, note in _items(service, "regional", path):
        yield from _check_names(note, "settings", key, settings)


def _check_name(parent: Map, key: str, path: str, known: list[str], what: str) -> Iterator[Problem]:
    name = parent.get(key)
    if isinstance(name, str) and name not in known:
        listed = f"expected one of: {', '.join(known)}" if known else f"expected none, for there is no {what}"
        yield Problem(parent.values_at[key], path, f"found the {what} {name!r}, {listed}{near(name, known)}")


def _check_names(parent: Map, key: str, path: str, known: list[str]) -> Iterator[Problem]:
    names = parent.get(key)
    if not isinstance(names, Seq):
        return
    for index, name in enumerate(names):
        if isinstance(name, str) and name not in known:
            message = f"found the setting {name!r}, expected one of this service's settings{near(name, known)}"
            yield Problem(names.place_of(index), f"{path}.{key}[{index}]", message)


def _comes_after_itself(service: Map, setting: Map) -> bool:
    steps = {item["id"]: item.get("after") for _, item in _items(service, "settings", "") if _has_id(item)}
    reached: set[str] = set()
    waiting = list(setting["after"])
    while waiting:
        name = waiting.pop()
        if isinstance(name, str) and name not in reached:
            reached.add(name)
            following = steps.get(name)
            waiting.extend(following if isinstance(following, Seq) else ())
    return setting["id"] in reached


def _has_id(item: Map) -> bool:
    return isinstance(item.get("id"), str)


def _check_languages(setting: Map, path: str, languages: Map) -> Iterator[Problem]:
    for key in LABELS:
        texts = setting.get(key)
        if not isinstance(texts, Map):
            continue
        for language in texts:
            if language not in languages:
                listed = ", ".join(languages)
                message = f"found the language {language!r}, expected one of languages: {listed}"
                yield Problem(texts.keys_at[language], f"{path}.{key}.{language}", message)


def _check_words(document: Map) -> Iterator[Problem]:
    """No word may mean on in one language and off in another: a row's value would be told wrongly."""
    languages = document.get("languages")
    if not isinstance(languages, Map):
        return
    on = {word.casefold(): language for language, _, word, _ in _words(languages, "on")}
    for language, index, word, place in _words(languages, "off"):
        if word.casefold() in on:
            message = f"found {word!r}, which means on in {on[word.casefold()]!r}, expected words that mean only off"
            yield Problem(place, f"languages.{language}.off[{index}]", message)


def _words(languages: Map, key: str) -> Iterator[tuple[str, int, str, Place]]:
    for language, vocabulary in languages.items():
        words = vocabulary.get(key) if isinstance(vocabulary, Map) else None
        if not isinstance(words, Seq):
            continue
        for index, word in enumerate(words):
            if isinstance(word, str):
                yield language, index, word, words.place_of(index)
