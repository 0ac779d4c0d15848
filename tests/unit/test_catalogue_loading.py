"""Loading: what is refused, in which words and where."""

# ruff: noqa: E501 -- a fault of the table is one line, as the person sees it

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optout.catalogue.document import MAX_BYTES
from optout.catalogue.loading import load_catalogue, packaged_path, parse_catalogue
from optout.catalogue.problems import CatalogueError
from optout.errors import UsageError

SMALL = """\
format: 1
catalogue: 2026-08-01
languages:
  en: {"on": ["On"], "off": ["Off"]}
services:
  - id: shop
    title: Shop
    origin: https://shop.example
    main:
      - {id: "2026", seen: 2026-01-01, evidence: B, css: main}
    groups:
      - {id: ads, title: Ads}
    indexes:
      - id: privacy
        title: Privacy
        paths: [{id: "2026", seen: 2026-01-01, evidence: B, path: /privacy}]
        rows: [{id: "2026", seen: 2026-01-01, evidence: B, css: a}]
    settings:
      - id: one
        group: ads
        title: One
        index: privacy
        labels: {en: [One]}
        controls:
          - &switch {id: "2026", seen: 2026-01-01, evidence: B, css: "#one"}
          - {id: "2020", seen: 2020-01-01, evidence: D, css: "#old"}
      - id: two
        group: ads
        title: Two
        after: [one]
        paths:
          - {id: "2026", seen: 2026-01-01, evidence: B, path: /two}
        controls: [*switch]
"""

ONE = "services.shop.settings.one"
TWO = "services.shop.settings.two"
SETTING_KEYS = "id, group, title, index, index_value, labels, headings, control_labels, after, paths, controls"

# What stands in the small file, what stands there instead, and the fault's line.
FAULTS = [
    ("        title: One", "        titel: x\n        title: One", f"21:9: {ONE}.titel: found an unknown key, expected one of: {SETTING_KEYS} (did you mean 'title'?)"),
    ("        title: One\n", "", f"19:9: {ONE}.title: found nothing, expected this key, which is required"),
    ("  - id: two\n        group", "  - group", "27:9: services.shop.settings[1].id: found nothing, expected an id such as 2026-07"),
    ("    indexes:", "      - {id: ads, title: Again}\n    indexes:", "13:14: services.shop.groups: found the id 'ads' a second time, expected it once (the first is in line 12)"),
    ("id: two", "id: Two!", "27:13: services.shop.settings.Two!.id: found 'Two!', expected an id: small letters, digits and hyphens, at most 64 of them"),
    ('css: "#old"', 'css: "a["', f"26:62: {ONE}.controls[1].css: found 'a[', expected a CSS selector: expected attribute name, found the end"),
    ('css: "#old"', 'css: "a:chekced"', f"26:62: {ONE}.controls[1].css: found 'a:chekced', expected a CSS selector: the pseudo-class :chekced is not known"),
    ('css: "#old"', 'css: "a{}"', f"26:62: {ONE}.controls[1].css: found 'a{{}}', expected a CSS selector: a rule, an at-rule or a comment is no selector"),
    ("seen: 2020-01-01, ", "", f"26:13: {ONE}.controls[1].seen: found nothing, expected the day it was seen, such as 2026-08-01"),
    ("2020-01-01", "2020-13-01", f"26:32: {ONE}.controls[1].seen: found '2020-13-01', expected a day such as 2026-08-01"),
    ("2020-01-01", "20200101", f"26:32: {ONE}.controls[1].seen: found 20200101, expected a day such as 2026-08-01"),
    ("2020-01-01", "2026-01-02", f"26:32: {ONE}.controls[1].seen: found 2026-01-02 after 2026-01-01, expected the newest version first"),
    ("evidence: D", "evidence: E", f"26:54: {ONE}.controls[1].evidence: found 'E', expected one of 'A', 'B', 'C', 'D', 'local', '?'"),
    ("https://shop.example", "http://shop.example", "8:13: services.shop.origin: found 'http://shop.example', expected an origin that begins with https:// (http:// only on loopback)"),
    ("https://shop.example", "https://shop.example/x", "8:13: services.shop.origin: found 'https://shop.example/x', expected an origin: scheme, host and port, nothing after them"),
    ("https://shop.example", "https://me@shop.example", "8:13: services.shop.origin: found 'https://me@shop.example', expected an address without user name, blanks and backslashes"),
    ("https://shop.example", "https://shop.example:99999", "8:13: services.shop.origin: found 'https://shop.example:99999', expected an address: Port out of range 0-65535"),
    ("path: /two", "path: //evil.example/two", f"32:63: {TWO}.paths[0].path: found '//evil.example/two', expected a path on the service's origin that begins with one /"),
    ("path: /two", "path: 'https://evil.example'", f"32:63: {TWO}.paths[0].path: found 'https://evil.example', expected a path on the service's origin that begins with one /"),
    ("path: /two", "path: /../two", f"32:63: {TWO}.paths[0].path: found '/../two', expected a path without '..' and without spaces"),
    ("index: privacy", "index: privcy", f"22:16: {ONE}.index: found the index 'privcy', expected one of: privacy (did you mean 'privacy'?)"),
    ("group: ads\n        title: Two", "group: add\n        title: Two", f"28:16: {TWO}.group: found the group 'add', expected one of: ads (did you mean 'ads'?)"),
    ("after: [one]", "after: [oen]", f"30:17: {TWO}.after[0]: found the setting 'oen', expected one of this service's settings (did you mean 'one'?)"),
    ("after: [one]", "after: [two]", f"30:16: {TWO}.after: found a setting that comes after itself, expected no circle"),
    ("        index: privacy\n", "", f"19:9: {ONE}: found neither index nor paths, expected a way to the setting's page"),
    ("labels: {en", "labels: {fr", f"23:18: {ONE}.labels.fr: found the language 'fr', expected one of languages: en"),
    ('["Off"]', '["on"]', "4:30: languages.en.off[0]: found 'on', which means on in 'en', expected words that mean only off"),
    ('["On"]', "[true]", "4:15: languages.en.on[0]: found true, expected a text (put it in quotes if it is one)"),
    ("controls: [*switch]", "controls: []", f"33:19: {TWO}.controls: found an empty list, expected at least 1 item"),
    ("controls: [*switch]", "controls: 3", f"33:19: {TWO}.controls: found 3, expected a list"),
    ('css: "#old"', 'css: "#old", kind: radios', f"26:13: {ONE}.controls[1]: found a mapping, expected off_value: a control of kind radios needs it"),
    ('css: "#old"', 'css: "#old", kind: select, off_value: x, inverted: true', f"26:13: {ONE}.controls[1]: found a mapping, expected no inverted: a control of kind select says by off_value what off is"),
    ("title: Shop", "pace_seconds: 90\n    title: Shop", "7:19: services.shop.pace_seconds: found 90, expected at most 60"),
    ("title: Shop", "slow_down: {statuses: [x]}\n    title: Shop", "7:28: services.shop.slow_down.statuses[0]: found 'x', expected a whole number"),
    ("format: 1", "format: 2", "1:9: format: found 2, expected 1, the format that this version reads"),
    ("    title: Shop", "    title: Shop\n    title: Two", "8:5: services[0].title: found this key twice, expected it once (the first is in line 7)"),
    ("title: Shop", "title: !!python/name:os.system Shop", "7:12: found the tag !!python/name:os.system, expected plain values"),
    ("[*switch]", "[*swich]", "33:20: the alias *swich names nothing, expected an anchor &swich before it"),
    ("[*switch]", "&loop [*loop]", "33:26: the alias *loop stands inside of what it names, expected an anchor &loop before it"),
]  # fmt: skip


def refusal(text: str, overlay: str | None = None) -> list[str]:
    with pytest.raises(CatalogueError) as refused:
        parse_catalogue(text, "file.yaml", overlay)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(("there", "instead", "expected"), FAULTS, ids=[str(index) for index in range(len(FAULTS))])
def test_a_fault_is_named_with_its_place_and_what_was_expected(there: str, instead: str, expected: str) -> None:
    assert SMALL.count(there) >= 1
    assert refusal(SMALL.replace(there, instead, 1)) == [f"file.yaml:{expected}"]


def test_the_small_file_itself_is_accepted() -> None:
    service = parse_catalogue(SMALL).service("shop")
    assert [setting.id for setting in service.settings] == ["one", "two"]
    assert service.setting("two").controls[0] == service.setting("one").controls[0]


def test_every_fault_of_a_file_is_listed_at_once() -> None:
    text = SMALL.replace("index: privacy", "index: x").replace("path: /two", "path: two").replace("https:", "http:")
    assert len(refusal(text)) == 3


def test_the_whole_message_names_count_file_and_what_to_do() -> None:
    with pytest.raises(UsageError) as refused:
        parse_catalogue(SMALL.replace("path: /two", "path: two"), "file.yaml")
    assert str(refused.value) == (
        "The catalogue cannot be used, 1 fault in file.yaml:\n"
        f"  file.yaml:32:63: {TWO}.paths[0].path: found 'two', "
        "expected a path on the service's origin that begins with one /\n"
        "Correct it, then try again."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: found nothing, expected a mapping that begins with 'format: 1'"),
        ("- 1\n", "1:1: found a list, expected a mapping that begins with 'format: 1'"),
        ("just words", "1:1: found 'just words', expected a mapping that begins with 'format: 1'"),
        ("a: 1\n---\nb: 2\n", "2:1: found a second document (---), expected one"),
        ("? [a]\n: b\n", "1:3: found a list, expected a plain key"),
        ("[" * 500_000, "1:41: expected at most 40 levels of nesting"),
        ("- " * 400_000, "1:81: expected at most 40 levels of nesting"),
        ("{a: " * 200_000, "1:161: expected at most 40 levels of nesting"),
    ],
)
def test_what_is_no_plain_mapping_is_refused(text: str, expected: str) -> None:
    assert refusal(text) == [f"file.yaml:{expected}"]


@pytest.mark.parametrize(("text", "place"), [("a: 1\nb: [1\n", "3:1"), ("a: \x00", "1:4"), ('a: "x\n', "2:1")])
def test_what_is_no_yaml_is_refused_in_the_parsers_words(text: str, place: str) -> None:
    (problem,) = refusal(text)
    assert problem.startswith(f"file.yaml:{place}: expected valid YAML: ")


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 30)
    )
    (problem,) = refusal(bomb)
    assert "expected at most 200,000 values" in problem


def test_bytes_that_are_not_utf8_are_named_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"format: 1\nid: \xff\n")
    with pytest.raises(CatalogueError, match=r"x\.yaml:2:5: found the byte 0xff, expected UTF-8 text"):
        load_catalogue(path=path)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    for path, reason in (
        (tmp_path / "missing.yaml", "the file cannot be read: No such file or directory"),
        (tmp_path, "the file cannot be read: Is a directory"),
        (large, "found more than 1,000,000 bytes, the most that is read"),
        (Path("/dev/zero"), "found more than 1,000,000 bytes, the most that is read"),
    ):
        with pytest.raises(CatalogueError) as refused:
            load_catalogue(path=path)
        assert str(refused.value.problems[0]) == f"{path}:1:1: {reason}"


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load_catalogue(path=path).service("shop").title == "Shop"


def test_a_merge_key_takes_what_the_mapping_lacks() -> None:
    text = SMALL.replace("[*switch]", '[{<<: *switch, css: "#two"}]')
    (control,) = parse_catalogue(text).service("shop").setting("two").controls
    assert (control.id, control.css) == ("2026", "#two")


def test_words_that_older_yaml_reads_as_truth_stay_words() -> None:
    text = SMALL.replace('{"on": ["On"], "off": ["Off"]}', "{on: [On, Yes], off: [Off, No]}")
    assert parse_catalogue(text).languages["en"].on == ("On", "Yes")


def _is_catalogue_or_refusal(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    try:
        load_catalogue(path=path)
    except CatalogueError as refused:
        problems = refused.problems
    else:
        return
    assert problems
    assert all(problem.place.line >= 1 and problem.place.column >= 1 for problem in problems)


@settings(deadline=None)
@given(content=st.binary(max_size=300))
def test_any_bytes_are_refused_and_nothing_else_is_raised(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _is_catalogue_or_refusal(content, tmp_path_factory.mktemp("bytes") / "x.yaml")


SIGNS = st.text(alphabet="[]{}:,-?&*!|>'\"%@`#\n\t ~<=.0123456789abxyzTrueNullOnéÿ\u2028\x85\ufeff\\", max_size=60)


@settings(deadline=None)
@given(before=st.integers(0, len(SMALL)), gone=st.integers(0, 80), instead=SIGNS)
def test_a_file_with_a_part_replaced_is_read_or_refused(
    before: int, gone: int, instead: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = SMALL[:before] + instead + SMALL[before + gone :]
    _is_catalogue_or_refusal(text.encode(), tmp_path_factory.mktemp("signs") / "x.yaml")


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(), st.just("main")
)
WORDS = (
    "format catalogue languages services id title origin main groups indexes settings controls paths seen evidence css "
)
WORDS += "kind labels en on off after group index rows path signin forms regional << x"
KEYS = st.sampled_from(WORDS.split())
STRUCTURES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=25
)


@settings(deadline=None)
@given(structure=st.dictionaries(KEYS, STRUCTURES), overlay=st.dictionaries(KEYS, STRUCTURES))
def test_any_structure_is_read_or_refused_as_file_and_as_overlay(structure: object, overlay: object) -> None:
    import io

    from ruamel.yaml import YAML

    def dumped(value: object) -> str:
        stream = io.StringIO()
        YAML(typ="safe", pure=True).dump(value, stream)
        return stream.getvalue()

    for text, over in ((dumped(structure), None), (SMALL, dumped(overlay)), (dumped(structure), dumped(overlay))):
        with suppress(CatalogueError):
            parse_catalogue(text, "x.yaml", over)


def test_the_packaged_catalogue_loads_and_its_faults_would_name_it() -> None:
    assert packaged_path().name == "selectors.yaml"
    assert load_catalogue().services[0].settings
