"""Breaks the program on purpose, one way at a time, on a copy of the tree, and sees which test notices.

python -m benchmarks.mutants [NAME ...]       exits 1 if a mutant survives; all of them: writes docs/mutations.md
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "mutations.md"
SECONDS = 420
SCENARIOS = "tests/browser/test_scenarios.py"
MACHINE = "tests/browser/test_machine_faults.py"
WITHHELD = "tests/browser/test_withheld.py"
SECRETS = "tests/browser/test_secrets.py"
HEAD = """# Broken on purpose

Each row is one way in which the program was broken, on a copy, and the test that failed because of it. A row that
nothing noticed would be a gap in the tests: `python -m benchmarks.mutants` exits 1 then, and writes this page.

| what was broken | where | noticed by |
| --- | --- | --- |
"""


@dataclass(frozen=True)
class Mutant:
    """One deliberate fault: `old` becomes `new` in a file, and these tests should notice."""

    name: str
    what: str
    file: str
    changes: tuple[tuple[str, str], ...]
    tests: str

    def edits(self) -> Iterator[tuple[str, str, str]]:
        """File, old text and new text of each change; a text that begins with `@FILE:` is of another file."""
        for old, new in self.changes:
            file, _, text = old[1:].partition(":") if old.startswith("@") else (self.file, "", old)
            yield file, text, new


def scenario(name: str) -> str:
    """The test of one scenario."""
    return f"{SCENARIOS}::test_scenario[{name}]"


MUTANTS = (
    Mutant(
        "verify-skipped",
        "What was clicked counts as off without a fresh reading",
        "optout/cases.py",
        (
            (
                "    found, page = _find_page(case, desk, tab)\n    if found is None or page is None:\n        return\n"
                "    proved, reading = found.verdict, found.reading\n"
                "    assert isinstance(proved, Proved) and reading is not None  # noqa: S101, PT018\n",
                "    conclude(case, Outcome.TURNED_OFF)\n    return\n",
            ),
        ),
        scenario("save-refused-silently"),
    ),
    Mutant(
        "index-after",
        "The index is not compared after the change",
        "optout/survey.py",
        (("    return row.state is not State.OFF\n", "    return False\n"),),
        scenario("index-stale"),
    ),
    Mutant(
        "index-before",
        "The index is not compared before the click",
        "optout/cases.py",
        (
            (
                "_listed_now(case, desk, tab, contradicts=State.OFF) if asks_index else None",
                "None",
            ),
        ),
        f"{SCENARIOS}::test_readings_that_disagree_are_both_in_the_reason",
    ),
    Mutant(
        "no-settling",
        "No pause between a save and the reading that proves it",
        "optout/controls.py",
        (("    settle: float = 1.6", "    settle: float = 0.0"),),
        scenario("save-reverted"),
    ),
    Mutant(
        "save-not-awaited",
        "The page is left at once, before its save was answered",
        "optout/controls.py",
        (
            (
                "        traffic, timing = self._tab.traffic, self._timing\n        deadline",
                "        return True\n        deadline",
            ),
            ("    settle: float = 1.6", "    settle: float = 0.0"),
        ),
        scenario("slow-save"),
    ),
    Mutant(
        "one-witness",
        "One witness is enough",
        "optout/witnesses.py",
        (("NEEDED = 2", "NEEDED = 1"),),
        "tests/unit/test_witnesses.py",
    ),
    Mutant(
        "ambiguity-ignored",
        "Of several controls that fit, the first is taken",
        "optout/witnesses.py",
        (("    if len(fitting) > 1:\n", "    if False:\n"),),
        scenario("two-equal-candidates"),
    ),
    Mutant(
        "contradiction-ignored",
        "A page that is headed by another setting is taken",
        "optout/witnesses.py",
        (("        if owners:\n            return Refused(", "        if False:\n            return Refused("),),
        f"{scenario('wrong-page')} tests/unit/test_witnesses.py",
    ),
    Mutant(
        "negation-ignored",
        "A label that says the opposite is not noticed",
        "optout/directory.py",
        (
            (
                '        said = f" {words_only(text)} "\n',
                '        return False\n        said = f" {words_only(text)} "\n',
            ),
        ),
        scenario("inverted-undeclared"),
    ),
    Mutant(
        "banner-accepted",
        "A cookie banner is answered by accepting",
        "optout/browser/page.js",
        (("said(spec.refuse, nameOfButton(one))", "said(spec.accept, nameOfButton(one))"),),
        scenario("cookie-banner"),
    ),
    Mutant(
        "any-dialog",
        "Any dialog is answered by its first button",
        "optout/obstacles.py",
        (
            (
                "    plain = [one",
                "    if dialog.buttons:\n        return dialog.buttons[0]\n    plain = [one",
            ),
        ),
        scenario("unknown-dialog"),
    ),
    Mutant(
        "posted-elsewhere",
        "Where the sign-in form posts to is not looked at",
        "optout/browser/page.js",
        (
            ("    if (field.form && destination(field.form) !== spec.origin)", "    if (false)"),
            ("    if (buttons[0].form && destination(buttons[0].form, buttons[0]) !== spec.origin)", "    if (false)"),
        ),
        scenario("sign-in-form-posts-elsewhere"),
    ),
    Mutant(
        "typed-elsewhere",
        "The page's origin is not looked at immediately before the password is typed",
        "optout/browser/page.js",
        (("location.origin !== spec.origin || !secure || window.top !== window", "false"),),
        f"{SECRETS}::test_nothing_is_typed_or_sent_on_a_page_of_another_origin",
    ),
    Mutant(
        "password-twice",
        "The password is tried as often as the site asks",
        "optout/signin.py",
        (("        if self._password_was_tried:\n", "        if False:\n"),),
        scenario("session-expired-always"),
    ),
    Mutant(
        "slow-down-ignored",
        "429 and 999 are pages like any other",
        "optout/visits.py",
        (("            self._slowed = self._slowed or detail\n", "            pass\n"),),
        f"{scenario('slow-down-429')} tests/unit/test_visits.py",
    ),
    Mutant(
        "unknown-is-off",
        "A control that says two things counts as off",
        "optout/states.py",
        (
            (
                "    if state.aria is not None and aria is not state.checked:\n        return None\n",
                "    if state.aria is not None and aria is not state.checked:\n        return False\n",
            ),
        ),
        f"{scenario('aria-disagrees')} tests/unit/test_states.py",
    ),
    Mutant(
        "absent-without-index",
        "No row is enough for 'not offered', whatever else the index shows",
        "optout/indexes.py",
        (("return self.gap or doubt_of(", "return doubt_of("),),
        f"{SCENARIOS}::test_an_index_that_has_lost_most_of_its_rows_proves_no_absence",
    ),
    Mutant(
        "no-intents",
        "Nothing is written before a click",
        "optout/ledger.py",
        (
            (
                "        intent_id = self._history.intend(\n"
                "            self._run_id, self._account, self._origin, case.setting.id, before, reading.url, detail\n"
                "        )\n",
                "        return 0\n        intent_id = 0\n",
            ),
        ),
        f"{scenario('confirm-native')} tests/unit/test_ledger.py",
    ),
    Mutant(
        "open-profile",
        "The browser profile is open to others",
        "optout/browser/launch.py",
        (("mode=0o700)\n        launch.profile.chmod(0o700)", "mode=0o755)\n        launch.profile.chmod(0o755)"),),
        f"{SECRETS}::test_nothing_in_a_home_is_open_to_others_after_a_run",
    ),
    Mutant(
        "passphrase-inherited",
        "The browser inherits the program's environment",
        "optout/browser/launch.py",
        (('if not key.startswith("OPTOUT_")', "if key"),),
        f"{SECRETS}::test_a_child_inherits_no_variable_of_the_program",
    ),
    Mutant(
        "no-restart",
        "A browser that died is not started again",
        "optout/runner.py",
        (("RESTARTS = 1", "RESTARTS = 0"),),
        f"{MACHINE} -k goes_on_to_its_end",
    ),
    Mutant(
        "leftovers-stay",
        "Browsers of dead runs stay on the profile",
        "optout/fleet.py",
        (
            ("                end_leftovers(where.profile)", "                pass"),
            ("@optout/early.py:        end_leftovers(profile)", "        pass"),
        ),
        "tests/browser/test_launch.py -k killed_run",
    ),
    Mutant(
        "no-lock",
        "Two runs work on one account at once",
        "optout/fleet.py",
        (("            lock.acquire(timeout=0)\n", ""),),
        f"{MACHINE} -k second_run",
    ),
    Mutant(
        "left-out-taken-up",
        "What a killed run was changing is taken up by a run that leaves it out",
        "optout/fleet.py",
        (
            (
                "settings=errand.settings,",
                "settings=(*errand.settings, *(one for one in errand.service.settings if one.id in earlier)),",
            ),
        ),
        f"{MACHINE} -k 'leaves_out'",
    ),
    Mutant(
        "cascade-raced",
        "A setting is read while the one that takes it along is being clicked",
        "optout/board.py",
        (("        if any(one is taken for one in causes for taken in self._taken):\n", "        if False:\n"),),
        "tests/unit/test_cases.py",
    ),
    Mutant(
        "worker-believed",
        "A page from a service worker is believed",
        "optout/browser/session.py",
        (
            ('{"bypass": True}', '{"bypass": False}'),
            (
                "@optout/controls.py:        if view.controlled and not self._tab.is_past_workers:\n",
                "        if False:\n",
            ),
        ),
        scenario("stale-service-worker"),
    ),
    Mutant(
        "cache-believed",
        "A page from the browser's cache is believed",
        "optout/browser/session.py",
        (('{"cacheBehavior": "bypass"}', '{"cacheBehavior": "default"}'),),
        scenario("stale-http-cache"),
    ),
    Mutant(
        "missing-data-ignored",
        "A page whose data were refused is believed",
        "optout/browser/network.py",
        (("        if not missed:\n            return None\n", "        return None\n"),),
        WITHHELD,
    ),
    Mutant(
        "failure-not-heard",
        "A page that says in an alert that it failed is believed",
        "optout/controls.py",
        (("if latest.reading else None\n        says", "if False else None\n        says"),),
        WITHHELD,
    ),
    Mutant(
        "more-boxes-ignored",
        "Boxes beside a button that shows more of them count as all",
        "optout/witnesses.py",
        (("(more := directory.more_in(view))", "(more := None)"),),
        WITHHELD,
    ),
    Mutant(
        "impatient",
        "A page that did not answer once gets no more time",
        "optout/runner.py",
        (("tab.more_time(case.is_slow)", "tab.more_time(False)"),),
        f"{SCENARIOS}::test_a_page_that_only_answers_late_is_given_more_time",
    ),
    Mutant(
        "faults-add-up",
        "A fault before the click counts with those after it",
        "optout/cases.py",
        (("        case.faults = 0  #", "        pass  #"),),
        f"{SCENARIOS}::test_a_page_that_fails_once_before_the_click_and_once_after_it_is_proved",
    ),
    Mutant(
        "fault-quoted",
        "The text of an unforeseen error is shown",
        "optout/errors.py",
        (('    return f"{type(error).__name__}{where}"', '    return f"{type(error).__name__}{where}: {error}"'),),
        f"{SECRETS}::test_a_fault_in_the_middle_of_the_sign_in_shows_no_secret",
    ),
)


def main(names: list[str]) -> int:
    """Try the mutants; the exit code."""
    rows, survived = [], []
    for mutant in MUTANTS:
        if names and mutant.name not in names:
            continue
        noticed = try_mutant(mutant)
        print(f"{mutant.name:22} {'noticed by ' + noticed if noticed else 'SURVIVED'}", flush=True)
        if not noticed:
            survived.append(mutant.name)
        rows.append(f"| {mutant.what} | `{mutant.file}` | {f'`{noticed}`' if noticed else '**nothing**'} |\n")
    if not names:
        DOCUMENT.write_text(HEAD + "".join(rows), encoding="utf-8")
    print(f"{len(rows)} mutants, {len(survived)} survived")
    return 1 if survived else 0


def try_mutant(mutant: Mutant) -> str | None:
    """The first test that failed on the broken copy; None if none did. `AssertionError`: it cannot be applied."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "site", ".*_cache"))
        apply(mutant, copy)
        return failing_test(copy, mutant.tests)


def apply(mutant: Mutant, tree: Path) -> None:
    """Break a copy of the tree. `AssertionError` where the file is another by now."""
    for name, old, new in mutant.edits():
        file = tree / name
        content = file.read_text(encoding="utf-8")
        assert old in content, f"{mutant.name}: {file.name} has changed, put the mutant right"
        file.write_text(content.replace(old, new), encoding="utf-8")


def failing_test(tree: Path, tests: str) -> str | None:
    """Run tests on a tree and name the first that fails."""
    arguments = [part.strip("'") for part in re.findall(r"'[^']*'|\S+", tests)]
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *arguments]
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"{arguments[0].removeprefix('tests/')} (it never ended)"
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    assert found or done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    return found.group(1).removeprefix("tests/") if found else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
