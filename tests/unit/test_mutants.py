"""The deliberate faults of benchmarks/mutants.py: each still fits the program that it breaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.mutants import MUTANTS, ROOT, Mutant, apply


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_can_still_be_applied(tmp_path: Path, mutant: Mutant) -> None:
    names = {name for name, _, _ in mutant.edits()}
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    apply(mutant, tmp_path)
    assert all((tmp_path / name).read_bytes() != (ROOT / name).read_bytes() for name in names)
