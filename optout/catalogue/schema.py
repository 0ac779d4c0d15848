"""The JSON Schema of selectors.yaml, generated from the models, for editors to complete and check by.

`python -m optout.catalogue.schema` writes it to the root of the checkout, `--check` fails when it is not current.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optout.catalogue.models import Catalogue

FILE_NAME = "selectors.schema.json"


def schema_text() -> str:
    """The schema as the file holds it."""
    schema: dict[str, Any] = Catalogue.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Generated from optout/catalogue/models.py: python -m optout.catalogue.schema",
        **schema,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Writes the schema; with `--check` compares it instead, and returns 1 when it is stale."""
    path = Path(__file__).resolve().parents[2] / FILE_NAME
    if "--check" not in arguments:
        path.write_text(schema_text(), encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == schema_text():
        return 0
    sys.stderr.write(f"{FILE_NAME} is stale. Write it anew with: python -m optout.catalogue.schema\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
