"""A person's own versions: written into their file with comments and order kept, and given as a patch."""

from __future__ import annotations

import difflib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.catalogue.document import parse_document, read_document
from optout.catalogue.loading import FILE_NAME, build_catalogue, overlay_path, packaged_path
from optout.catalogue.merging import lay_over
from optout.catalogue.models import FORMAT, ControlVersion, Evidence, PathVersion
from optout.errors import UsageError
from optout.places import private_folder, write_private

if TYPE_CHECKING:
    from ruamel.yaml import YAML

HEADING = """\
# Your own selector versions, laid over the catalogue that comes with optout.
# Contribute them with: optout selectors export
"""


def write_version(home: Path, service_id: str, setting_id: str, version: ControlVersion | PathVersion) -> Path:
    """Adds a version of a setting's control or page to the overlay file in `home`, and returns that file.

    A version of the same id is replaced, another one stands before those that are not newer. Comments and order are
    kept, the file is replaced in one step and is for its owner only. Raises `CatalogueError` if the overlay is broken
    and `UsageError` if it cannot be written.
    """
    path = private_folder(home) / FILE_NAME
    yaml = _round_trip()
    document = _editable(path) if path.exists() else yaml.load(f"{HEADING}format: {FORMAT}\nservices: []\n")
    setting = _entry(_entry(document, "services", service_id), "settings", setting_id)
    _put_version(setting, "controls" if isinstance(version, ControlVersion) else "paths", version)
    written = _text(yaml, document)
    # What was just written must load, or the next run would be refused.
    build_catalogue(read_document(packaged_path()), parse_document(written.encode(), str(path)))
    write_private(path, written)
    return path


def overlay_as_patch(home: Path) -> str:
    """The overlay in `home` as a unified diff of selectors.yaml, for `git apply` or `patch -p1`.

    Empty if it adds nothing. Raises `UsageError` if there is no overlay, `CatalogueError` if it cannot be used.
    """
    path = overlay_path(home)
    if not path.exists():
        raise UsageError(
            f"{path} does not exist: nothing was recorded yet. Do so with: optout selectors record SETTING"
        )
    overlay = _editable(path)
    overlay.pop("format", None)
    yaml = _round_trip()
    packaged = packaged_path().read_text(encoding="utf-8")
    document = yaml.load(packaged)
    lay_over(document, overlay)
    lines = difflib.unified_diff(
        packaged.splitlines(keepends=True),
        _text(yaml, document).splitlines(keepends=True),
        f"a/{FILE_NAME}",
        f"b/{FILE_NAME}",
    )
    return "".join(lines)


def _round_trip() -> YAML:
    from ruamel.yaml import YAML  # noqa: PLC0415 -- only when an overlay is written or exported

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _editable(path: Path) -> Any:
    """The overlay with its comments, once it is known to be sound."""
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    build_catalogue(read_document(packaged_path()), read_document(path))
    try:
        return _round_trip().load(path.read_text(encoding="utf-8-sig"))
    except (YAMLError, ValueError) as error:
        raise UsageError(f"{path} cannot be edited by the program: {error}. Correct it, then try again.") from error


def _text(yaml: YAML, document: Any) -> str:
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _items(parent: Any, key: str) -> Any:
    """The list under `key`, one item a line, made where it is missing."""
    from ruamel.yaml.comments import CommentedSeq  # noqa: PLC0415

    if not parent.get(key):
        parent[key] = CommentedSeq()
    items = parent[key]
    if not isinstance(items, CommentedSeq) or not all(isinstance(item, dict) for item in items):
        raise UsageError(f"{key} in {FILE_NAME} is no list of entries with ids. Correct it, then try again.")
    items.fa.set_block_style()
    return items


def _entry(parent: Any, key: str, entry_id: str) -> Any:
    """The item of that id in the list under `key`, made where it is missing."""
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415

    items = _items(parent, key)
    for item in items:
        if item.get("id") == entry_id:
            item.fa.set_block_style()
            return item
    items.append(CommentedMap({"id": entry_id}))
    return items[-1]


def _put_version(setting: Any, key: str, version: ControlVersion | PathVersion) -> None:
    versions = _items(setting, key)
    written = _as_map(version)
    for index, present in enumerate(versions):
        if present.get("id") == version.id:
            versions[index] = written
            return
    older = (index for index, present in enumerate(versions) if _seen(present) <= version.seen.isoformat())
    versions.insert(next(older, len(versions)), written)


def _seen(version: Any) -> str:
    return str(version.get("seen", ""))


def _as_map(version: ControlVersion | PathVersion) -> Any:
    from ruamel.yaml.comments import CommentedMap  # noqa: PLC0415
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString  # noqa: PLC0415

    written = CommentedMap()
    for key, value in version.model_dump(exclude_defaults=True).items():
        if isinstance(value, Evidence):
            written[key] = str(value) if value is not Evidence.UNKNOWN else DoubleQuotedScalarString(value)
        elif isinstance(value, str):
            plain = str(value)
            written[key] = SingleQuotedScalarString(plain) if '"' in plain else DoubleQuotedScalarString(plain)
        else:
            written[key] = value
    return written
