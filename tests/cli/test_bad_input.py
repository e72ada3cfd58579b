"""Bad input: one line that names the object, or file and line, and says what to do; status 1, nothing pushed, no
traceback, and whoever else is in the run goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.cli.commandline import CommandLine
from tests.gitserver import git_http_server
from tests.reconcilers.directory import PLAN, TEMPLATE, Fleet, cluster, repository, upgrader

PROPOSE = ("propose", "-m", "upgrades", "--repo", "fleet.git")


@dataclass(frozen=True)
class Case:
    """A mistake: how it is made, and what is said about it.

    Attributes:
        others: whether prod is in the run and goes on.
    """

    make: Callable[[Fleet], object]
    said: str
    arguments: tuple[str, ...] = PROPOSE
    others: bool = True


def protect(fleet: Fleet) -> None:
    hook = fleet.people.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'GL-HOOK-ERR: You are not allowed to push here.' >&2\nexit 1\n")
    hook.chmod(0o755)


BY_HAND = ("propose", "--cluster", "prod", "--to", "v1.34.2", "--repo", "fleet.git")

CASES: dict[str, Case] = {
    "a missing directory": Case(
        lambda fleet: None,
        "error: nowhere: There is no such file or folder. Name the folder that holds your custom resources with -m.",
        ("propose", "-m", "nowhere", "--repo", "fleet.git"),
        others=False,
    ),
    "a missing repository": Case(
        lambda fleet: None,
        "error: fleet/prod: There is no folder FOLDER/nowhere. Name a folder inside a Git repository.",
        ("propose", "-m", "upgrades", "--repo", "nowhere"),
        others=False,
    ),
    "no repository in the folder": Case(
        lambda fleet: None,
        "error: fleet/prod: There is no Git repository in FOLDER/upgrades, nor in a folder above it. "
        "Name a folder inside a Git repository.",
        ("propose", "-m", "upgrades", "--repo", "upgrades"),
        others=False,
    ),
    "a file that is not YAML": Case(
        lambda fleet: fleet.write("a.yaml", "kind: [\n"),
        r"error: upgrades/a\.yaml:2:1: This is not YAML: .+\. Correct it, .+",
    ),
    "a file that is not UTF-8": Case(
        lambda fleet: (fleet.manifests / "a.yaml").write_bytes(b"a: b\nc: \xff\n"),
        r"error: upgrades/a\.yaml:2: The file is not UTF-8\. Correct it, or leave it out\.",
    ),
    "a duplicate name": Case(
        lambda fleet: fleet.write("again.yaml", upgrader("twin"), upgrader("twin")),
        r"error: upgrades/again\.yaml:10: ClusterClassClusterUpgrader fleet/twin: The same object is at "
        r"upgrades/again\.yaml:1 too\. Remove or rename one of the two; neither is used\.",
    ),
    "an unknown field": Case(
        lambda fleet: fleet.write("p.yaml", PLAN.replace("newest", "other") + "  exlude: [v1.34.1]\n"),
        r"error: upgrades/p\.yaml:7:3: Plan fleet/other: spec\.exlude: .*[Dd]id you mean exclude\?",
    ),
    "an unknown kind": Case(
        lambda fleet: fleet.write("p.yaml", PLAN.replace("newest", "other").replace("kind: Plan", "kind: Plam")),
        r"error: upgrades/p\.yaml:2:7: Plam fleet/other: kind: .*[Dd]id you mean Plan\?",
    ),
    "a range that is none": Case(
        lambda fleet: fleet.write("p.yaml", PLAN.replace("newest", "other").replace("v1.34.x", "latest")),
        r"error: upgrades/p\.yaml:5:17: Plan fleet/other: spec\.versionRange: .+",
    ),
    "a placeholder that is none": Case(
        lambda fleet: fleet.write(
            "t.yaml", TEMPLATE.replace("name: images", "name: t").replace("_VERSION)", "_VERSON)")
        ),
        r"error: upgrades/t\.yaml:7:16: MachineImageTemplate fleet/t: .*KUBERNETES_VERSON.*"
        r"[Dd]id you mean \$\(KUBERNETES_VERSION\)\?",
    ),
    "a reference that leads nowhere": Case(
        lambda fleet: fleet.write("dev.yaml", upgrader("dev").replace("newest", "newset")),
        "error: ClusterClassClusterUpgrader fleet/dev: spec.planRef: There is no Plan fleet/newset. "
        "Create it, or correct the reference.",
    ),
    "a repository without the cluster": Case(
        lambda fleet: fleet.write("gone.yaml", upgrader("gone")),
        "error: fleet/gone: No file has a Cluster fleet/gone. Check its name, its namespace and the path, "
        "and that its file is on the base branch.",
    ),
    "the cluster twice": Case(
        lambda fleet: (
            fleet.write("dev.yaml", upgrader("dev")),
            fleet.people.commit({"old/dev.yaml": cluster("dev", "v1.33.5")}),
        ),
        r"error: fleet/dev: .*clusters/dev\.yaml:1.*old/dev\.yaml:1.+",
    ),
    "a version in the manifest that is none": Case(
        lambda fleet: (fleet.write("dev.yaml", upgrader("dev")), fleet.clusters(dev="soon")),
        r"error: fleet/dev: .*clusters/dev\.yaml:9.*'soon'.+",
    ),
    "an unknown branch": Case(
        lambda fleet: None,
        "error: fleet/prod: FOLDER/fleet.git: There is no branch 'nope' to propose changes to. "
        "Create it, or name another with --branch or as spec.branch of the GitOpsRepository.",
        (*PROPOSE, "--branch", "nope"),
        others=False,
    ),
    "a branch that Git does not allow": Case(
        lambda fleet: None,
        r"error: fleet/prod: 'a\.\.b' is no name that a branch can have\. .+",
        (*PROPOSE, "--branch", "a..b"),
        others=False,
    ),
    "a protected branch": Case(
        protect,
        r"error: fleet/prod: .*refused to move the branch gitops-upgrader/fleet/prod.*"
        r"You are not allowed to push here.*See the rules .+",
        others=False,
    ),
    "no network": Case(
        lambda fleet: None,
        r"error: fleet/prod: The connection to http://127\.0\.0\.1:9/a/b\.git failed: .+\. Check the address .+",
        ("propose", "-m", "upgrades", "--repo", "http://127.0.0.1:9/a/b.git", "--provider", "none"),
        others=False,
    ),
    "a host that tells nothing": Case(
        lambda fleet: None,
        r"error: fleet/prod: .*The host 127\.0\.0\.1 does not tell which kind of forge it is\. Set provider .+",
        ("propose", "-m", "upgrades", "--repo", "http://127.0.0.1:9/a/b.git"),
        others=False,
    ),
    "an upgrader that is not there": Case(
        lambda fleet: None,
        "error: There is no ClusterClassClusterUpgrader 'prd'. Did you mean prod\\? Name one of fleet/prod.",
        (*PROPOSE, "--upgrader", "prd"),
        others=False,
    ),
    "an upgrader that is there and left out for a mistake": Case(
        lambda fleet: fleet.write("broken.yaml", upgrader("broken", pausd="true")),
        r"error: upgrades/broken\.yaml:.+: ClusterClassClusterUpgrader fleet/broken: spec\.pausd: .+ mean paused\?",
        (*PROPOSE, "--upgrader", "broken"),
        others=False,
    ),
    "two minors at once": Case(
        lambda fleet: None,
        "error: Cluster prod: v1.35.0 is 2 minors ahead of v1.33.5. "
        "Upgrade one minor at a time, upwards, within one flavour of Kubernetes.",
        ("propose", "--cluster", "prod", "--to", "v1.35.0", "--repo", "fleet.git"),
        others=False,
    ),
    "a downgrade": Case(
        lambda fleet: None,
        "error: Cluster prod: v1.33.4 is .+ Upgrade one minor at a time, upwards, within one flavour of Kubernetes.",
        ("propose", "--cluster", "prod", "--to", "v1.33.4", "--repo", "fleet.git"),
        others=False,
    ),
    "a version that is none": Case(
        lambda fleet: None,
        "error: 'soon' is no version: .+ Write it as vMAJOR.MINOR.PATCH, for example v1.34.2 or v1.34.2.rke2r1.",
        ("propose", "--cluster", "prod", "--to", "soon", "--repo", "fleet.git"),
        others=False,
    ),
    "a cluster name that is none": Case(
        lambda fleet: None,
        "error: -/Prod: 'Prod' is no name that an object of Kubernetes can have, and no part of a branch's. "
        "Use lower-case letters, .+",
        ("propose", "--cluster", "Prod", "--to", "v1.34.2", "--repo", "fleet.git"),
        others=False,
    ),
    "an image without its variable": Case(
        lambda fleet: None,
        "error: --image and --variable go together. Name the image, and the topology variable that holds it; .+",
        ("propose", "--cluster", "prod", "--to", "v1.34.2", "--repo", "fleet.git", "--image", "x"),
        others=False,
    ),
    "an image that a shell has not filled in": Case(
        lambda fleet: None,
        r"error: --image is empty\. Give the image's id; is a variable of the shell not set\?",
        (*BY_HAND, "--image", "", "--variable", "imageName"),
        others=False,
    ),
    "a variable that a shell has not filled in": Case(
        lambda fleet: None,
        r"error: --variable is empty\. Name the topology variable that holds the image\.",
        (*BY_HAND, "--image", "x", "--variable", " "),
        others=False,
    ),
    "an image of two lines": Case(
        lambda fleet: None,
        r"error: --image is no image's id\. Give one printable line of at most 1,024 characters\.",
        (*BY_HAND, "--image", "a\nb", "--variable", "imageName"),
        others=False,
    ),
    "an image with a placeholder": Case(
        lambda fleet: None,
        r"error: --image holds \$\(, which nobody fills in here: ubuntu-\$\(KUBERNETES_VERSION\)\. Give the id .+",
        (*BY_HAND, "--image", "ubuntu-$(KUBERNETES_VERSION)", "--variable", "imageName"),
        others=False,
    ),
    "half of what --cluster needs": Case(
        lambda fleet: None,
        "error: --cluster needs --to VERSION. For example: --cluster prod-1 --to v1.34.2 --repo .",
        ("propose", "--cluster", "prod", "--repo", "fleet.git"),
        others=False,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake(name: str, fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    case = CASES[name]
    case.make(fleet)
    before = fleet.people.branches()

    ran = gitops_upgrader(*case.arguments)

    assert ran.status == 1
    (line,) = ran.err.splitlines()
    expected = case.said.replace("FOLDER", re.escape(str(fleet.folder)))
    assert re.fullmatch(expected, line), line
    assert "Traceback" not in ran.out + ran.err
    pushed = set(fleet.people.branches()) - set(before)
    assert pushed == ({"gitops-upgrader/fleet/prod"} if case.others else set())
    assert len(fleet.host.pulls()) == len(pushed)


def test_wrong_credentials(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    with git_http_server(fleet.folder, credentials=("bot", "right")) as server:
        url = f"{server.url}/fleet.git"
        typed = url.replace("http://", "http://bot:wrong-password@")
        ran = gitops_upgrader("propose", "-m", "upgrades", "--repo", typed, "--provider", "none")

    assert ran.status == 1
    assert ran.err == (
        f"error: fleet/prod: {url} does not accept the credentials, or wants some and got none. "
        "Check the Secret (or the token in the environment) for this host.\n"
    )
    assert "wrong-password" not in ran.out + ran.err
    assert set(fleet.people.branches()) == {"main"}


@pytest.mark.parametrize(
    ("file", "reference", "named"),
    [
        ("images.yaml", "spec.planRef", "Plan fleet/newest"),
        ("repository.yaml", "spec.repositoryRef", "GitOpsRepository fleet/default"),
    ],
)
def test_what_refers_to_something_wrong_is_not_told_that_it_is_missing(
    file: str, reference: str, named: str, fleet: Fleet, gitops_upgrader: CommandLine
) -> None:
    fleet.write("repository.yaml", repository("file:///nowhere"))
    path = fleet.manifests / file
    path.write_text(path.read_text("utf-8").rstrip() + "\n  exlude: [v1.34.1]\n", "utf-8")

    ran = gitops_upgrader(*PROPOSE)

    assert ran.status == 1
    unknown, referring = ran.err.splitlines()
    assert unknown.startswith(f"error: upgrades/{file}:")
    assert f"{named}: spec.exlude: unknown field." in unknown
    assert referring == (
        f"error: ClusterClassClusterUpgrader fleet/prod: {reference}: {named} has mistakes, so it was left out. "
        "Correct them first."
    )
    assert set(fleet.people.branches()) == {"main"}


def test_many_mistakes_at_once_are_a_line_each_and_stop_nobody(fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    fleet.write("a.yaml", "kind: [\n")
    fleet.write("b.yaml", upgrader("dev", pathh="x"))
    fleet.write("c.yaml", upgrader("gone"), upgrader("astray").replace("newest", "nowhere"))

    ran = gitops_upgrader(*PROPOSE)

    assert ran.status == 1
    assert [line.split(": ")[1] for line in ran.err.splitlines()] == [
        "upgrades/a.yaml:2:1",
        "upgrades/b.yaml:9:3",
        "ClusterClassClusterUpgrader fleet/astray",
        "fleet/gone",
    ]
    assert "1 opened, 2 failed" in ran.out
    assert "gitops-upgrader/fleet/prod" in fleet.people.branches()


@pytest.mark.parametrize("name", ["an unknown field", "a duplicate name", "a reference that leads nowhere"])
def test_validate_says_the_same_beforehand(name: str, fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    case = CASES[name]
    case.make(fleet)

    ran = gitops_upgrader("validate", "upgrades")

    assert ran.status == 1
    assert ran.err == "1 mistake\n"
    (line,) = ran.out.splitlines()
    assert line.startswith("upgrades/")
    assert re.search(r"\.yaml:[0-9]+(:[0-9]+)?: ", line)
