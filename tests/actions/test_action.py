"""The action says the same in its definition, its types, its README and the program's own table."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from gitops_upgrader.cli import inputs
from gitops_upgrader.cli.options import PROVIDERS
from tests.actions.files import ACTION, load, steps
from tests.need import need

DEFINITION = load(ACTION / "action.yml")
TYPES = load(ACTION / "action-types.yml")
README = (ACTION / "README.md").read_text(encoding="utf-8")
PROPOSE = next(step for step in DEFINITION["runs"]["steps"] if step.get("id") == "propose")
OWN = {"python", "cache"}
"""Inputs that are for the action itself."""


def _table(heading: str) -> dict[str, str]:
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", section, re.MULTILINE))


def test_every_input_and_output_has_a_type() -> None:
    for part in ("inputs", "outputs"):
        assert list(TYPES[part]) == list(DEFINITION[part])
    known = {"string", "boolean", "integer", "float", "enum", "list"}
    assert {one["type"] for part in TYPES.values() for one in part.values()} <= known


def test_types_are_what_the_program_reads() -> None:
    lists = {name for name, one in TYPES["inputs"].items() if one["type"] == "list"}
    assert {name.upper() for name in lists} == set(inputs._SEVERAL)
    assert all(
        TYPES["inputs"][name] == {"type": "list", "separator": "\n", "list-item": {"type": "string"}} for name in lists
    )
    assert TYPES["inputs"]["provider"]["allowed-values"] == list(PROVIDERS)
    switches = {name for name, one in TYPES["inputs"].items() if one["type"] == "boolean"} - OWN
    assert {name.upper().replace("-", "_") for name in switches} == set(inputs._SWITCHES)


def test_the_readme_has_every_input_and_output_as_the_definition_describes_it() -> None:
    for part in ("Inputs", "Outputs"):
        described = {name: " ".join(one["description"].split()) for name, one in DEFINITION[part.lower()].items()}
        assert _table(part) == described


def test_every_input_reaches_the_program_through_the_environment() -> None:
    handed = {name for name in PROPOSE["env"] if name.startswith("INPUT_")}
    expected = {f"INPUT_{name.upper().replace('-', '_')}" for name in set(DEFINITION["inputs"]) - OWN}
    assert handed == expected | {"INPUT_OWN_TOKEN"}
    read = {*inputs._ONE, *inputs._SEVERAL, *inputs._SWITCHES, "TOKEN", "OWN_TOKEN", "ARGS"}
    assert handed == {f"INPUT_{name}" for name in read}


def test_no_expression_is_part_of_a_script() -> None:
    for step in steps(ACTION / "action.yml"):
        assert "${{" not in step.get("run", "")
        assert step.get("shell") == ("bash" if "run" in step else None)


def test_every_output_comes_from_the_program() -> None:
    for name, output in DEFINITION["outputs"].items():
        assert output["value"] == f"${{{{ steps.propose.outputs.{name} }}}}"


def test_no_input_is_required_as_the_program_knows_better_what_is_missing() -> None:
    assert not any(one["required"] for one in DEFINITION["inputs"].values())


@pytest.mark.parametrize(
    "python", ["no-such-python", "$(touch pwned)", "`touch pwned`", "x'; touch pwned; '", "-v", ""]
)
def test_a_python_that_is_not_there_is_one_annotation(python: str, tmp_path: Path) -> None:
    find = next(step for step in DEFINITION["runs"]["steps"] if step.get("id") == "python")
    done = subprocess.run(
        [need("bash"), "--noprofile", "--norc", "-eo", "pipefail", "-c", find["run"]],
        env={"PATH": os.environ["PATH"], "PYTHON": python, "GITHUB_ACTION_PATH": str(ACTION)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert re.fullmatch(r"::error title=gitops-upgrader::The runner has no such Python .*\n", done.stdout)
    assert list(tmp_path.iterdir()) == []
