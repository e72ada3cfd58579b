"""A cluster that does not have our kinds: nothing to warn of, nothing to lose, and no status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gitops_upgrader.runtime.installation import Installation, render
from tests.cli.commandline import CommandLine
from tests.stores.conftest import kubeconfig_content
from tests.stores.loopback import refusal, serving


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[str]:
    """Leads to an API server that serves nothing."""
    with serving(lambda _: refusal(404, "the server could not find the requested resource", "NotFound")) as server:
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(kubeconfig_content(server.url)), encoding="utf-8")
        yield str(path)


def test_it_can_be_installed(gitops_upgrader: CommandLine, kubeconfig: str) -> None:
    ran = gitops_upgrader("install", "--kubeconfig", kubeconfig)

    assert (ran.status, ran.out, ran.err) == (0, render(Installation()), "")


def test_nothing_is_lost(gitops_upgrader: CommandLine, kubeconfig: str) -> None:
    ran = gitops_upgrader("uninstall", "--kubeconfig", kubeconfig)

    assert (ran.status, ran.err) == (0, "")
    assert "What is lost with it:\n  - nothing.\n" in ran.out


def test_there_is_no_status(gitops_upgrader: CommandLine, kubeconfig: str) -> None:
    ran = gitops_upgrader("status", "--kubeconfig", kubeconfig)

    assert (ran.status, ran.out) == (1, "")
    assert "does not know the kind ClusterClassClusterUpgrader" in ran.err
    assert ran.err.count("\n") == 1
