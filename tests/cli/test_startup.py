"""What the program imports, and when: seconds that are spent before anything happens are spent on every run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "debian",
    "github",
    "gitlab",
    "jwt",
    "kubernetes",
    "pydantic",
    "pygit2",
    "pysequoia",
    "re2",
    "requests",
    "rich",
    "yaml",
}


def _imported(statement: str) -> set[str]:
    script = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in json.loads(done.stderr)}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_needs_nothing_but_click(arguments: list[str]) -> None:
    statement = f"from gitops_upgrader.cli.run import run\nrun({arguments!r})"
    assert _imported(statement) & HEAVY == set()


def test_a_proposal_needs_no_client_that_its_forge_does_not_use() -> None:
    needed = _imported("import gitops_upgrader.cli.propose, gitops_upgrader.reconcilers.cluster")
    assert needed & HEAVY <= {"pydantic", "pygit2", "rich", "yaml"}
