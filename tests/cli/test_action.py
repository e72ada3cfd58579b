"""`gitops-upgrader action propose`, as a runner runs it: one stream, and files for what it leaves behind."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from gitops_upgrader.cli import action
from gitops_upgrader.cli.run import run
from tests.need import need
from tests.reports import runner

CLUSTER = """\
apiVersion: cluster.x-k8s.io/v1beta2
kind: Cluster
metadata:
  name: prod
  namespace: fleet
spec:
  topology:
    classRef:
      name: large
    # ::set-output name=changed::maybe
    version: v1.33.5
"""


@dataclass
class Step:
    """What a step has left behind."""

    status: int
    log: str
    summary: str
    outputs: dict[str, str]

    @property
    def commands(self) -> list[tuple[str, dict[str, str], str]]:
        """What a runner acts on when it reads the log."""
        found = runner.Runner()
        found.read(self.log)
        assert found.silence is None, "the runner is still deaf at the step's end"
        return found.commands


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A checkout with one cluster."""
    folder = tmp_path / "workspace"
    (folder / "clusters").mkdir(parents=True)
    (folder / "clusters" / "prod.yaml").write_text(CLUSTER)
    git = [str(need("git")), "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for order in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "A cluster"]):
        subprocess.run([*git, *order], check=True)
    return folder


def step(workspace: Path, **given: str) -> Step:
    """Run the step with these inputs (lower case) and variables (upper case)."""
    summary, outputs = workspace.parent / "summary.md", workspace.parent / "outputs"
    for file in (summary, outputs):
        file.write_text("")
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(outputs),
        **{name if name.isupper() else f"INPUT_{name.upper()}": value for name, value in given.items()},
    }
    log = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, environ))
        stack.enter_context(contextlib.chdir(workspace))
        stack.enter_context(contextlib.redirect_stdout(log))
        stack.enter_context(contextlib.redirect_stderr(log))
        status = run(["action", "propose"])
    return Step(status, log.getvalue(), summary.read_text(), runner.outputs(outputs.read_text()))


def test_a_pull_request(workspace: Path) -> None:
    done = step(workspace, cluster="prod", to="v1.34.2", token="t", own_token="true")
    assert done.status == 0
    assert "+ fleet/prod  v1.33.5 -> v1.34.2  opened" in done.log
    assert done.commands == []
    assert done.outputs["changed"] == "true"
    assert done.outputs["pull-request-number"] == "1"
    assert done.outputs["pull-request-url"].endswith("/pulls/1.md")
    assert [one["action"] for one in json.loads(done.outputs["proposals"])] == ["create"]
    assert "1 opened." in done.summary
    assert "starts no other workflow until a person approves it" in done.summary
    assert "+    version: v1.34.2" in done.summary
    again = step(workspace, cluster="prod", to="v1.34.2")
    assert (again.status, again.outputs["changed"], again.outputs["pull-request-number"]) == (0, "false", "1")


def test_a_dry_run_does_nothing(workspace: Path) -> None:
    done = step(workspace, cluster="prod", to="v1.34.2", dry_run="true", own_token="true")
    assert (done.status, done.outputs["changed"], done.outputs["pull-request-number"]) == (0, "true", "")
    assert "A dry run" in done.summary
    assert "starts no other workflow" not in done.summary
    assert not (workspace / ".git" / "gitops-upgrader").exists()


def test_what_a_manifest_says_is_no_command(workspace: Path) -> None:
    done = step(workspace, cluster="prod", to="v1.34.2", dry_run="true")
    assert "::set-output name=changed::maybe" in done.log
    assert done.commands == []


def test_a_mistake_is_an_annotation_at_its_place(workspace: Path) -> None:
    (workspace / "upgrades").mkdir()
    (workspace / "upgrades" / "plan.yaml").write_text(
        "apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1\nkind: Plan\nmetadata: {name: x}\n"
        "spec:\n  versionRnge: v1.34.x\n  machineImageSelector: {matchLabels: {a: b}}\n"
    )
    done = step(workspace, manifests="upgrades", repository=".")
    assert done.status == 1
    places = [(name, properties.get("file"), properties.get("line")) for name, properties, _ in done.commands]
    assert ("error", "upgrades/plan.yaml", "5") in places
    assert any("versionRange" in data for _, _, data in done.commands)
    assert done.outputs == {
        "changed": "false",
        "pull-request-url": "",
        "pull-request-number": "",
        "proposals": "[]",
    }
    assert "### Errors" in done.summary


@pytest.mark.parametrize(
    ("given", "title", "message"),
    [
        ({"manifests": "no/such"}, "UnreadableFile", "no/such: There is no such file or folder."),
        ({}, "UsageError", "--cluster"),
        ({"cluster": "nobody", "to": "v1.34.2"}, "ClusterNotFound", "nobody"),
        ({"cluster": "prod", "to": "latest"}, "InvalidVersion", "'latest' is no version"),
        ({"cluster": "prod", "dry_run": "yes"}, "UsageError", "The input dry-run is 'yes'. Write true or false."),
        ({"cluster": "prod", "to": "v1.34.2", "provider": "svn"}, None, "'svn' is not one of"),
        ({"cluster": "prod", "to": "v1.34.2", "branch": "gone"}, "BranchNotFound", "gone"),
    ],
)
def test_a_mistake_of_the_user_is_one_sentence(
    workspace: Path, given: dict[str, str], title: str | None, message: str
) -> None:
    done = step(workspace, **given)
    assert done.status == 1
    ((name, properties, data),) = done.commands
    assert (name, properties.get("title")) == ("error", title)
    assert message in data
    assert done.outputs["changed"] == "false"
    assert "Traceback" not in done.log
    assert "[!CAUTION]" in done.summary or "### Errors" in done.summary


HOSTILE = ("$(touch pwned)", "`touch pwned`", "'\"; touch pwned #", "a\n::error::pwned", "\r::add-mask::e\r")


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["cluster", "to", "image", "repository", "branch", "provider", "manifests", "args"])
def test_no_input_reaches_a_shell_or_the_runner(workspace: Path, name: str, value: str) -> None:
    given = {"cluster": "prod", "to": "v1.34.2", "image": "i", "variable": "v", "dry_run": "true"} | {name: value}
    done = step(workspace, **given)
    may_be = value != HOSTILE[3] and "$(" not in value  # an image may be called anything else
    assert done.status == (0 if name == "image" and may_be else 1)
    assert {command for command, _, _ in done.commands} <= {"error"}
    assert not list(workspace.parent.rglob("pwned"))


def test_a_runner_without_summaries_does_without(workspace: Path) -> None:
    done = step(workspace, cluster="prod", to="v1.34.2", GITHUB_STEP_SUMMARY="", GITHUB_OUTPUT="")
    assert (done.status, done.summary, done.outputs) == (0, "", {})


def test_a_file_of_the_runner_that_cannot_be_written_is_said(workspace: Path) -> None:
    done = step(workspace, cluster="prod", to="v1.34.2", GITHUB_OUTPUT=str(workspace))
    assert done.status == 1
    assert f"error: {workspace}: It cannot be written: Is a directory. Check GITHUB_OUTPUT." in done.log


def test_the_token_ends_up_in_one_variable() -> None:
    with mock.patch.dict(os.environ, {"INPUT_TOKEN": "t", "GITHUB_TOKEN": "t"}):
        action._apply({"GITEA_TOKEN": "t", "GITHUB_TOKEN": ""})
        found = {name for name, value in os.environ.items() if value == "t"}
    assert found == {"GITEA_TOKEN"}


def test_the_token_is_nowhere_to_be_seen(workspace: Path) -> None:
    done = step(workspace, cluster="prod", to="v1.34.2", token="very-secret-token")
    assert "very-secret-token" not in done.log + done.summary + "".join(done.outputs.values())
