"""`uninstall`: words and commands."""

from __future__ import annotations

import pytest

from gitops_upgrader.api import GROUP
from gitops_upgrader.cli import uninstall
from gitops_upgrader.reports.removal import Build, OpenPull, Removal
from tests.cli.commandline import CommandLine

EMPTY = Removal(objects={"Plan": ()})
FULL = Removal(
    objects={
        "MachineImage": tuple(f"fleet/image-{number:02}" for number in range(12)),
        "ClusterClassClusterUpgrader": ("fleet/dev", "fleet/prod"),
    },
    pulls=(OpenPull("fleet/dev", "https://git.example.org/1"),),
    held=("fleet/dev",),
    running=("fleet/image-01",),
    builds=(Build("fleet/image-00", "v1.34.2", "ami-1\x1b[2J"),),
)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Removal]:
    """What the cluster has; the one that is put here last."""
    here = [EMPTY]
    monkeypatch.setattr(uninstall, "_found", lambda *_: here[-1])
    return here


def test_an_installation_without_objects(gitops_upgrader: CommandLine, found: list[Removal]) -> None:
    ran = gitops_upgrader("uninstall")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "What goes:\n"
        "  - the namespace gitops-upgrader with everything in it: the controller, and whatever else you keep there.\n"
        "  - the custom resource definitions, the roles, and their bindings.\n"
        "\n"
        "What is lost with it:\n"
        "  - nothing.\n"
        "\n"
        "What stays:\n"
        "  - Clusters, Git repositories, merged pull requests, the infrastructure's machine images.\n"
        "\n"
        "To remove it, take the custom resources out of what Flux or Argo CD applies, if they do.\n"
        "Then, while the controller still runs, one after the other:\n"
        "  gitops-upgrader install | kubectl delete --ignore-not-found -f -\n"
    )


def test_everything_that_can_be_lost(gitops_upgrader: CommandLine, found: list[Removal]) -> None:
    found.append(FULL)

    shown = "ami-1\N{REPLACEMENT CHARACTER}[2J"  # as text, not as what it does to a terminal
    lines = gitops_upgrader(
        *("uninstall", "--context", "management", "--kubeconfig", "my file", "--namespace", "upgrades"),
        *("--watch-namespace", "fleet", "--watch-namespace", "fleet"),
    ).out.splitlines()

    assert lines[1].startswith("  - 12 MachineImage: fleet/image-00, ")
    assert lines[1].endswith("fleet/image-09 and 2 more.")
    for line in (
        "  - the pull request https://git.example.org/1 of fleet/dev is closed, and its branch deleted.",
        "  - the build of fleet/image-01 is ended, and what it has made so far is left behind in the infrastructure.",
        f"  - that v1.34.2 was built as {shown} is known to MachineImage fleet/image-00 alone: note it down.",
        "  - objects of other namespaces as well: the definitions go for all of them, whoever else uses them.",
    ):
        assert line in lines
    assert any(line.startswith("  - fleet/dev can go only while the controller runs") for line in lines)
    kubectl = "kubectl '--kubeconfig=my file' --context=management"
    install = "gitops-upgrader install --namespace=upgrades --watch-namespace=fleet"
    assert lines[-3:] == [
        f"  {kubectl} delete clusterclassclusterupgraders.{GROUP} --all --namespace fleet",
        f"  {kubectl} delete machineimages.{GROUP} --all --namespace fleet",
        f"  {install} | {kubectl} delete --ignore-not-found -f -",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--kubeconfig", "absent"), "There is no kubeconfig at absent."),
        (("--namespace", "No"), "'No' is no name of a namespace"),
        (("--watch-namespace", "No"), "'No' is no name of a namespace"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], said: str, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("uninstall", *arguments)

    assert (ran.status, ran.out) == (1, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1
