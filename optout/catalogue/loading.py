"""selectors.yaml, and what a person lays over it, as a validated catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from optout.catalogue.checks import check_file, check_whole
from optout.catalogue.document import Map, parse_document, read_document
from optout.catalogue.merging import lay_over
from optout.catalogue.models import FORMAT, Catalogue
from optout.catalogue.problems import CatalogueError, Problem, shown
from optout.catalogue.wording import in_words

FILE_NAME = "selectors.yaml"


def packaged_path() -> Path:
    """The catalogue that comes with the program: inside the installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / FILE_NAME
    return installed if installed.is_file() else package.parent / FILE_NAME


def overlay_path(home: Path) -> Path:
    """The person's own versions."""
    return home / FILE_NAME


def load_catalogue(home: Path | None = None, path: Path | None = None) -> Catalogue:
    """The catalogue in `path` (without it the packaged one), with `home`'s selectors.yaml laid over it.

    Raises `CatalogueError`, which lists every fault of both files.
    """
    document = read_document(path or packaged_path())
    overlay = read_document(overlay_path(home)) if home is not None and overlay_path(home).exists() else None
    return build_catalogue(document, overlay)


def parse_catalogue(text: str, name: str = FILE_NAME, overlay: str | None = None) -> Catalogue:
    """The catalogue in a text; `name` is its file's name in messages. Raises `CatalogueError`."""
    laid_over = parse_document(overlay.encode(), f"{name} (overlay)") if overlay is not None else None
    return build_catalogue(parse_document(text.encode(), name), laid_over)


def build_catalogue(document: Map, overlay: Map | None = None) -> Catalogue:
    """The catalogue in a document, `overlay` laid over it. Raises `CatalogueError`."""
    problems = [*_check_format(document), *check_file(document)]
    if overlay is not None:
        problems += [*_check_format(overlay), *check_file(overlay)]
    if any(problem.key == "format" for problem in problems):
        # A file of another format has other keys: the rest of what could be said of it would mislead.
        raise CatalogueError(tuple(problem for problem in problems if problem.key == "format"))
    if overlay is not None:
        lay_over(document, overlay)
    problems += check_whole(document)
    try:
        catalogue = Catalogue.model_validate(document)
    except ValidationError as error:
        problems += in_words(error, document)
        raise CatalogueError(tuple(problems)) from None
    if problems:
        raise CatalogueError(tuple(problems))
    return catalogue


def _check_format(document: Map) -> Iterator[Problem]:
    found: Any = document.get("format", FORMAT)
    if found is True or found != FORMAT:
        place = document.values_at["format"]
        yield Problem(place, "format", f"found {shown(found)}, expected {FORMAT}, the format that this version reads")
