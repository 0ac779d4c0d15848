"""The deliberate faults of benchmarks/mutants.py: each still fits the program that it breaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.mutants import MUTANTS, ROOT, Mutant, apply


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "optout", tree / "optout")
    return tree


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_can_still_be_applied(tree: Path, mutant: Mutant) -> None:
    names = {mutant.file, *(old[1:].partition(":")[0] for old, _ in mutant.changes if old.startswith("@"))}
    before = {name: (tree / name).read_text(encoding="utf-8") for name in names}
    apply(mutant, tree)
    assert all((tree / name).read_text(encoding="utf-8") != text for name, text in before.items())
    for name, text in before.items():
        (tree / name).write_text(text, encoding="utf-8")
