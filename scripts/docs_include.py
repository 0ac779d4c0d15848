"""mkdocs hook: `<!-- include NAME.md -->` in a page of docs/ stands for that file of the repository's root."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
INCLUDE = re.compile(r"^<!-- include ([A-Z]+\.md) -->$", re.MULTILINE)
PAGE_OF = (
    ("README.md", "index.md"),
    ("SECURITY.md", "security.md"),
    ("CONTRIBUTING.md", "contributing.md"),
    ("CHANGELOG.md", "changelog.md"),
)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with the files it names put in; a missing one is an error of the build."""
    return INCLUDE.sub(lambda found: _as_page((ROOT / found[1]).read_text(encoding="utf-8")), markdown)


def _as_page(text: str) -> str:
    # At the root links go to docs/x.md; within the site the same page is x.md.
    text = re.sub(r"\]\((?:\./)?docs/", "](", text)
    for name, page in PAGE_OF:
        text = re.sub(rf"\]\((?:\./)?{re.escape(name)}", f"]({page}", text)
    return text
