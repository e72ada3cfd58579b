"""The project's own workflows and those that people copy: well-formed, without known weaknesses, and pinned."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from gitops_upgrader import __version__
from tests.actions import programs
from tests.actions.files import ACTION, FORGEJO, GITHUB, GITLAB, READMES, ROOT, WORKFLOWS, load, steps

ALL = [*WORKFLOWS, *GITHUB, *FORGEJO]
CONFIG = ROOT / ".github"
# The address in front is Forgejo's way to name another server.
_PINNED = re.compile(r"(https://github\.com/)?[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_RELEASE = re.compile(rf"(https://github\.com/)?OWNER/gitops-upgrader/actions/propose@v{re.escape(__version__)}")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _said(*order: str | Path) -> str:
    """What a program says, and its status where it is not 0."""
    done = subprocess.run(
        order, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


def test_there_are_workflows() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml", "workflows.yml"]
    assert [path.name for path in GITHUB] == ["propose-as-app.yml", "propose.yml", "upgrade-cluster.yml"]
    assert [path.name for path in FORGEJO] == ["kubernetes-upgrades.yml"]


@pytest.mark.parametrize("path", [*ALL, ACTION / "action.yml"], ids=_name)
def test_everything_that_is_used_is_pinned(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert [name for name in used if not _PINNED.fullmatch(name) and not _RELEASE.fullmatch(name)] == []


@pytest.mark.parametrize("path", [*ALL, ACTION / "action.yml", *READMES], ids=_name)
def test_a_pin_says_which_version_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    pins = re.findall(r"uses: \S+@[0-9a-f]{40}(.*)", text)
    assert [comment for comment in pins if not re.fullmatch(r" # v\d+\.\d+\.\d+", comment)] == []


def test_one_action_has_one_pin() -> None:
    texts = [path.read_text(encoding="utf-8") for path in [*ALL, ACTION / "action.yml", *READMES]]
    pins = {tuple(found) for text in texts for found in re.findall(r"([\w.-]+/[\w.-]+)@([0-9a-f]{40} # \S+)", text)}
    names = [name for name, _ in pins]
    assert len(names) == len(set(names)), sorted(pins)


@pytest.mark.parametrize("path", ALL, ids=_name)
def test_no_right_is_granted_to_a_whole_workflow(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for job in workflow["jobs"].values():
        assert job["permissions"], "a job says what it may"
        assert job["timeout-minutes"] <= 90


@pytest.mark.parametrize("path", [path for path in ALL if "release" not in path.name], ids=_name)
def test_no_value_of_the_outside_is_part_of_a_script(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


def test_the_matrix_has_every_python_that_the_package_names() -> None:
    matrix = load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    assert set(named) <= set(matrix)
    assert matrix == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize("name", ["bug_report.yml", "feature_request.yml"])
def test_an_issue_form_asks_for_something(name: str) -> None:
    form = load(ROOT / ".github" / "ISSUE_TEMPLATE" / name)
    assert {"name", "description", "body"} <= set(form)
    assert {part["type"] for part in form["body"]} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    identifiers = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(identifiers) == len(set(identifiers)) > 0


@pytest.mark.servers
@pytest.mark.parametrize("path", [*ALL, ACTION / "action.yml"], ids=_name)
def test_it_fits_its_schema(path: Path) -> None:
    assert _said(programs.action_validator(), path) == ""


_SCHEMAS = {
    "gitlab-ci": [GITLAB],
    "github-workflows": ALL,
    "github-actions": [ACTION / "action.yml"],
    "dependabot": [CONFIG / "dependabot.yml"],
    "github-issue-config": [CONFIG / "ISSUE_TEMPLATE" / "config.yml"],
    "github-issue-forms": [CONFIG / "ISSUE_TEMPLATE" / name for name in ("bug_report.yml", "feature_request.yml")],
}


@pytest.mark.servers
@pytest.mark.parametrize("schema", _SCHEMAS)
def test_it_fits_the_schema_that_its_forge_publishes(schema: str) -> None:
    assert _judged(schema, *_SCHEMAS[schema]) == "ok -- validation done\n"


def _judged(schema: str, *paths: Path) -> str:
    transform = ("--data-transform", "gitlab-ci") if schema == "gitlab-ci" else ()  # it has YAML tags of its own
    return _said(*programs.check_jsonschema(), "--builtin-schema", f"vendor.{schema}", *transform, *paths)


@pytest.mark.servers
def test_actionlint_finds_nothing() -> None:
    program = programs.ACTIONLINT.build()
    assert _said(program, "-no-color", "-config-file", CONFIG / "actionlint.yaml", *map(_name, ALL)) == ""


@pytest.mark.servers
def test_zizmor_finds_nothing() -> None:
    options = ("--offline", "--pedantic", "--quiet", "--config", CONFIG / "zizmor.yml")
    said = _said(programs.zizmor(), *options, *ALL, ACTION / "action.yml", CONFIG / "dependabot.yml")
    assert said.startswith("No findings to report."), said


@pytest.mark.servers
def test_the_judges_do_find_something(tmp_path: Path) -> None:
    """A judge that finds nothing anywhere would prove nothing."""
    bad = tmp_path / "bad.yml"
    bad.write_text(
        "on: issues\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: echo ${{ github.event.issue.title }}\n"
    )
    assert "potentially untrusted" in _said(programs.ACTIONLINT.build(), "-no-color", bad)
    assert "template-injection" in _said(programs.zizmor(), "--offline", "--quiet", bad)
    bad.write_text("on: push\njobz: {}\n")
    assert "jobz" in _said(programs.action_validator(), bad)
    bad.write_text("job:\n  script: [true]\n  artifacts: {when: sometimes}\n")
    assert "'sometimes' is not one of" in _judged("gitlab-ci", bad)
