"""`init`: what it writes validates, plans and proposes at once; what it cannot tell, it says; it never writes over."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.cli.demo.debianrepo import serve
from tests.cli.commandline import CommandLine, Ran
from tests.examples.example import EXAMPLES, git, repository

RELEASES = {
    "v1.33": ["v1.33.5", "v1.33.6"],
    "v1.34": ["v1.34.1", "v1.34.2"],
    "v1.35": ["v1.35.0"],
}
CLUSTER = """\
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: NAME, namespace: fleet}
spec:
  topology:
    class: CLASS
    version: VERSION
    variables: VARIABLES
"""


def cluster(
    name: str, version: str = "v1.33.5", variables: str = "[]", cls: str = "standard", namespace: str = "fleet"
) -> str:
    """A Cluster's manifest."""
    text = CLUSTER.replace("NAME", name).replace("CLASS", cls).replace("VERSION", version)
    return text.replace("VARIABLES", variables).replace("namespace: fleet", f"namespace: {namespace}")


@pytest.fixture(scope="module")
def packages() -> Iterator[str]:
    """A package repository on loopback."""
    with serve(RELEASES) as url:
        yield url


@pytest.fixture
def gitops_upgrader(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(capsys, tmp_path)


def fleet(folder: Path, files: Mapping[str, str]) -> str:
    """A repository with these files; returns its path."""
    for name, text in files.items():
        path = folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return str(repository(folder / "work", folder / "fleet.git"))


def objects(folder: Path, kind: str) -> list[dict[str, Any]]:
    """What was written, of one kind."""
    texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.yaml"))]
    return [one for text in texts for one in yaml.safe_load_all(text) if one and one["kind"] == kind]


def moves(ran: Ran) -> dict[str, str]:
    """For each cluster of a run in JSON where it would go."""
    return {
        one["cluster"].rpartition("/")[2]: f"{one['to']['version']} {one['to']['image']}"
        for one in ran.json["proposals"]
        if one["action"] == "create"
    }


@pytest.mark.parametrize(
    "name", ["fleet", "openstack", "nutanix", "metal3", "vsphere", "docker", "kustomize", "monorepo"]
)
def test_what_it_writes_for_an_example_is_accepted_at_once(
    name: str, gitops_upgrader: CommandLine, tmp_path: Path, packages: str
) -> None:
    source = EXAMPLES / name / ("fleet" if name != "fleet" else ".")
    shutil.copytree(source, tmp_path / "work")
    repo = str(repository(tmp_path / "work", tmp_path / "fleet.git"))

    ran = gitops_upgrader("init", "--repo", repo, "--packages", packages)
    validated = gitops_upgrader("validate", "upgrades")
    planned = gitops_upgrader("plan", "-m", "upgrades", "-o", "json")

    assert ran.status == 0, ran.err
    assert (validated.status, validated.err) == (0, "")
    assert (planned.status, planned.err) == (0, "")
    assert moves(planned)


def test_the_two_steps_from_a_repository_to_a_diff(gitops_upgrader: CommandLine, tmp_path: Path, packages: str) -> None:
    repo = fleet(tmp_path, {"prod.yaml": cluster("prod", variables="[{name: imageName, value: kube-v1.33.5}]")})

    first = gitops_upgrader("init", "--repo", repo, "--packages", packages)
    second = gitops_upgrader("propose", "-m", "upgrades", "--repo", repo, "--dry-run", "-o", "diff")

    assert first.out == (
        "Wrote upgrades/ for 1 cluster:\n"
        "  repository.yaml  GitOpsRepository\n"
        "  versions.yaml    DebianRepositorySource\n"
        "  images.yaml      MachineImageTemplate, MachineImageSyncer\n"
        "  plan.yaml        Plan\n"
        "  upgraders.yaml   ClusterClassClusterUpgrader\n"
        "\n"
        "Read the files, above all what images are called. Then see what would happen:\n"
        "  gitops-upgrader validate upgrades\n"
        f"  gitops-upgrader propose -m upgrades --repo {repo} --dry-run\n"
    )
    assert first.err == ""
    assert "+    version: v1.34.2\n" in second.out
    assert "+    variables: [{name: imageName, value: kube-v1.34.2}]\n" in second.out
    plan = (tmp_path / "upgrades" / "plan.yaml").read_text("utf-8")
    assert plan.startswith(
        "# Where these clusters are going: the newest image of v1.34, v1.34.2 as of today. Raise it "
    )


def test_images_that_do_not_name_their_version(gitops_upgrader: CommandLine, tmp_path: Path, packages: str) -> None:
    """Nobody can tell the next id: the one that is there is written down, and nothing is proposed."""
    variables = "[{name: amiID, value: ami-0f3c}]"
    repo = fleet(tmp_path, {"a.yaml": cluster("a", variables=variables), "b.yaml": cluster("b", variables=variables)})

    ran = gitops_upgrader("init", "--repo", repo, "--packages", packages)
    planned = gitops_upgrader("plan", "-m", "upgrades", "-o", "json")

    assert "could not tell how the ids of newer images read (amiid): add a MachineImage for each" in ran.err
    assert [one["spec"] for one in objects(tmp_path / "upgrades", "MachineImage")] == [
        {"version": "v1.33.5", "id": "ami-0f3c"}
    ]
    assert (planned.status, moves(planned)) == (0, {})


def test_classes_that_find_the_image_by_the_version(
    gitops_upgrader: CommandLine, tmp_path: Path, packages: str
) -> None:
    repo = fleet(tmp_path, {"a.yaml": cluster("a"), "b.yaml": cluster("b", "v1.34.2")})

    gitops_upgrader("init", "--repo", repo, "--packages", packages)
    planned = gitops_upgrader("plan", "-m", "upgrades", "-o", "json")

    assert [edit["pointer"] for one in planned.json["proposals"] for edit in one["edits"]] == [
        "/spec/topology/version",
        "/spec/topology/version",
    ]
    assert {name: move.split()[0] for name, move in moves(planned).items()} == {"a": "v1.34.2", "b": "v1.35.0"}


def test_several_candidates_are_named_beside_the_choice(
    gitops_upgrader: CommandLine, tmp_path: Path, packages: str
) -> None:
    variables = "[{name: osImage, value: flatcar}, {name: imageName, value: kube-v1.33.5}]"
    repo = fleet(tmp_path, {"a.yaml": cluster("a", variables=variables)})

    ran = gitops_upgrader("init", "--repo", repo, "--packages", packages)

    text = (tmp_path / "upgrades" / "upgraders.yaml").read_text("utf-8")
    assert "  # Is this the image? These look like one as well, and stay as they are: osImage (flatcar).\n" in text
    assert "  topologyVariable: imageName\n" in text
    assert (
        "could not tell whether the image of fleet/a is in imageName, or in osImage: look at upgraders.yaml" in ran.err
    )


def test_a_distributions_own_versions(gitops_upgrader: CommandLine, tmp_path: Path, packages: str) -> None:
    """The community's repositories do not have them: what runs is written down, for a person to add to."""
    repo = fleet(
        tmp_path,
        {
            "a.yaml": cluster("a", "v1.33.5+rke2r1", "[{name: image, value: rke2-v1.33.5-rke2r1}]"),
            "b.yaml": cluster("b", "v1.34.1+rke2r1", "[{name: image, value: rke2-v1.34.1-rke2r1}]"),
        },
    )

    ran = gitops_upgrader("init", "--repo", repo, "--packages", packages)
    planned = gitops_upgrader("plan", "-m", "upgrades", "-o", "json")

    assert "could not tell which newer releases your distribution has (rke2)" in ran.err
    assert objects(tmp_path / "upgrades", "DebianRepositorySource") == []
    assert moves(planned) == {"a": "v1.34.1+rke2r1 rke2-v1.34.1-rke2r1"}


def test_a_class_that_carries_the_minor(gitops_upgrader: CommandLine, tmp_path: Path, packages: str) -> None:
    repo = fleet(tmp_path, {"a.yaml": cluster("a", cls="docker-1-33-v2")})

    gitops_upgrader("init", "--repo", repo, "--packages", packages)

    (upgrader,) = objects(tmp_path / "upgrades", "ClusterClassClusterUpgrader")
    assert upgrader["spec"]["topologyClass"] == "docker-$(MAJOR)-$(MINOR)-v2"


def test_clusters_of_several_namespaces(gitops_upgrader: CommandLine, tmp_path: Path, packages: str) -> None:
    repo = fleet(
        tmp_path,
        {
            "a/prod.yaml": cluster("prod", namespace="team-a"),
            "a/no.yaml": cluster("no", namespace="team-a").replace("name: no,", 'name: "no",'),
            "b/prod.yaml": cluster("prod", namespace="team-b"),
        },
    )

    gitops_upgrader("init", "--repo", repo, "--packages", packages)
    planned = gitops_upgrader("plan", "-m", "upgrades", "-o", "json")

    upgraders = objects(tmp_path / "upgrades", "ClusterClassClusterUpgrader")
    assert [(one["metadata"]["name"], one["spec"].get("clusterNamespace")) for one in upgraders] == [
        ("no", None),
        ("team-a-prod", None),
        ("team-b-prod", "team-b"),
    ]
    assert planned.status == 0
    assert {one["cluster"] for one in planned.json["proposals"]} == {"team-a/no", "team-a/prod", "team-b/prod"}


def test_a_cluster_that_cannot_be_edited_is_left_out_and_told_of(
    gitops_upgrader: CommandLine, tmp_path: Path, packages: str
) -> None:
    repo = fleet(tmp_path, {"a.yaml": cluster("a"), "b.yaml": cluster("b", "'${KUBERNETES_VERSION}'")})

    ran = gitops_upgrader("init", "--repo", repo, "--packages", packages)
    planned = gitops_upgrader("plan", "-m", "upgrades")

    assert ran.status == planned.status == 0
    assert "note: Left out is fleet/b (b.yaml:1)" in ran.err
    assert "# Left out is fleet/b (b.yaml:1)" in (tmp_path / "upgrades" / "upgraders.yaml").read_text("utf-8")


def test_without_an_answer_it_goes_on_with_what_clusters_run(gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    repo = fleet(tmp_path, {"a.yaml": cluster("a"), "b.yaml": cluster("b", "v1.35.0")})

    ran = gitops_upgrader("init", "--repo", repo, "--packages", "http://127.0.0.1:9")

    (source,) = objects(tmp_path / "upgrades", "DebianRepositorySource")
    assert ran.status == 0
    assert "could not tell whether there is a newer minor: http://127.0.0.1:9 did not answer" in ran.err
    assert [url.split("/")[-3] for url in (source["spec"]["url"], *source["spec"]["urls"])] == [
        "v1.35",
        "v1.34",
        "v1.33",
    ]


@pytest.mark.parametrize(
    ("origin", "environ", "spec"),
    [
        ("https://github.com/acme/fleet.git", {}, {}),
        ("git@gitlab.com:acme/fleet.git", {}, {}),
        ("https://git.example.com/acme/fleet.git", {}, {"provider": "none"}),
        ("https://git.example.com/acme/fleet.git", {"GITEA_URL": "https://git.example.com"}, {"provider": "gitea"}),
        ("https://someone:s3cret-token@github.com/acme/fleet.git", {}, {}),
    ],
)
def test_the_repository_is_the_checkouts_remote(
    origin: str, environ: dict[str, str], spec: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gitops_upgrader.cli.init.command import _origin
    from gitops_upgrader.reconcilers.repository import CommandLine as Line
    from gitops_upgrader.reconcilers.repository import from_command_line

    (tmp_path / "work").mkdir()
    git(tmp_path / "work", "init", "--quiet")
    git(tmp_path / "work", "remote", "add", "origin", origin)
    line = Line(repo=str(tmp_path / "work"), environ=environ)

    found = _origin(from_command_line(line), line, None, None)

    assert "s3cret" not in found.url
    assert found.url.endswith("acme/fleet.git")
    wanted = spec.get("provider")
    assert (None if found.is_guessed_by_host and found.provider else (found.provider or "none")) == wanted


@pytest.mark.parametrize("what", ["file", "folder"])
def test_it_writes_over_nothing(what: str, gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    repo = fleet(tmp_path, {"a.yaml": cluster("a")})
    taken = tmp_path / "upgrades"
    if what == "folder":
        taken.mkdir()
        taken = taken / "mine.yaml"
    taken.write_text("mine")

    ran = gitops_upgrader("init", "--repo", repo)

    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "error: upgrades: There is something already, and nothing is written over it. Name a new folder with --output, "
        "or move this one away: mv upgrades OTHER-NAME\n"
    )
    assert taken.read_text() == "mine"


def test_a_repository_without_clusters(gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    repo = fleet(tmp_path, {"README.md": "Nothing yet.\n"})

    ran = gitops_upgrader("init", "--repo", repo)

    assert (ran.status, ran.out) == (1, "")
    assert f"{repo}: In the repository there is no Cluster that is made from a ClusterClass. Check --repo" in ran.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fleet.git", "work"]


def test_a_repository_in_which_no_cluster_can_be_edited(gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    repo = fleet(tmp_path, {name: cluster(name[0], "'${VERSION}'") for name in ("a.yaml", "b.yaml")})

    ran = gitops_upgrader("init", "--repo", repo)

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.count("${VERSION}") >= 2
    assert not (tmp_path / "upgrades").exists()


@pytest.mark.parametrize("branch", [None, "production"])
def test_a_repository_without_its_branch(branch: str | None, gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    if branch is None:
        repo = str(tmp_path / "empty.git")
        git(tmp_path, "init", "--quiet", "--bare", "--initial-branch", "main", repo)
    else:
        repo = fleet(tmp_path, {"a.yaml": cluster("a")})

    ran = gitops_upgrader("init", "--repo", repo, *(("--branch", branch) if branch else ()))

    assert ran.status == 1
    assert ran.err.startswith(f"error: {repo}: ")
    assert "branch" in ran.err
    assert "--branch" in ran.err
    assert not (tmp_path / "upgrades").exists()


def test_a_folder_below_a_file_cannot_be_made(gitops_upgrader: CommandLine, tmp_path: Path, packages: str) -> None:
    repo = fleet(tmp_path, {"a.yaml": cluster("a")})
    (tmp_path / "file").touch()

    ran = gitops_upgrader("init", "--repo", repo, "--packages", packages, "--output", "file/upgrades")

    assert ran.status == 1
    assert "Name another one with --output." in ran.err
