"""`crds`: one stream for kubectl, or a file for each kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gitops_upgrader.api import KINDS
from tests.cli.commandline import CommandLine


def test_a_stream_for_kubectl(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("crds")

    documents = list(yaml.safe_load_all(ran.out))
    assert {document["kind"] for document in documents} == {"CustomResourceDefinition"}
    assert {document["spec"]["names"]["kind"] for document in documents} == set(KINDS)
    assert ran.err == ""


def test_a_file_for_each_kind(gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    ran = gitops_upgrader("crds", "--output", "made/crds")

    assert (ran.status, ran.out) == (0, "")
    written = sorted((tmp_path / "made" / "crds").iterdir())
    assert "---\n".join(path.read_text("utf-8") for path in written) == gitops_upgrader("crds").out


@pytest.mark.parametrize("folder", ["upgrades/prod.yaml", "upgrades/prod.yaml/below"])
def test_a_folder_that_cannot_be_written(gitops_upgrader: CommandLine, folder: str) -> None:
    ran = gitops_upgrader("crds", "--output", folder)

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
