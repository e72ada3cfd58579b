"""Everything that is wrong with a folder of custom resources, as `validate` says it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from gitops_upgrader.stores import validate
from tests.api import samples

HEAD = """\
apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
"""


def document(kind: str, name: str, spec: str, namespace: str = "fleet") -> str:
    """A document of four lines and its spec: `spec:` is on the fourth."""
    head = HEAD.format(kind=kind, name=name, namespace=namespace)
    return f"{head}spec:\n{textwrap.indent(textwrap.dedent(spec).strip(), '  ')}\n---\n"


PLAN = document("Plan", "stable", "versionRange: v1.34.x")
UPGRADER = "clusterName: prod\nplanRef: {name: stable}\n"


def check(tmp_path: Path, *documents: str) -> list[str]:
    (tmp_path / "a.yaml").write_text("".join(documents), encoding="utf-8")
    return [f"{error.reason} {error}".replace(f"{tmp_path}/", "") for error in validate([tmp_path])]


def test_a_good_folder(tmp_path: Path) -> None:
    source = document("DebianRepositorySource", "packages", "url: https://pkgs.k8s.io/core:/stable:/v1.34/deb/")
    template = document("MachineImageTemplate", "images", "template: {spec: {id: 'ubuntu-$(VERSION_SLUG)'}}")
    syncer = document(
        "MachineImageSyncer",
        "syncer",
        """
        versionRange: v1.34.x
        sourceRef: {kind: DebianRepositorySource, name: packages, namespace: fleet}
        machineImageTemplateRef: {name: images}
        """,
    )
    repository = document(
        "GitOpsRepository",
        "fleet",
        "url: https://git.example.com/fleet.git\nsecretRef: {name: not-in-these-files}\nallowedNamespaces: [apps]",
        namespace="platform",
    )
    upgrader = document("ClusterClassClusterUpgrader", "prod", UPGRADER)
    other = document(
        "ClusterClassClusterUpgrader",
        "prod",
        UPGRADER + "repositoryRef: {name: fleet, namespace: platform}",
        namespace="apps",
    )
    plan = document("Plan", "stable", "versionRange: v1.34.x", namespace="apps")
    upgrader += document("ClusterClassClusterUpgrader", "dev", UPGRADER).replace("prod", "dev")
    upgrader += "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n"
    assert check(tmp_path, source, template, syncer, repository, PLAN, upgrader, plan, other) == []


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            "clusterName: prod\nplanRef:\n  name: stabel\n",
            (
                "ObjectNotFound a.yaml:12:3: {me}: spec.planRef: There is no Plan fleet/stabel in these files."
                " Did you mean stable?"
            ),
        ),
        (
            "clusterName: prod\nplanRef: {name: elsewhere}\n",
            (
                "ObjectNotFound a.yaml:12:3: {me}: spec.planRef: There is no Plan fleet/elsewhere in these files."
                " There is one of that name in the namespace other."
            ),
        ),
        (
            "clusterName: prod\nplanRef: {name: zzz}\n",
            (
                "ObjectNotFound a.yaml:12:3: {me}: spec.planRef: There is no Plan fleet/zzz in these files."
                " Add it, or name another one."
            ),
        ),
        (
            "clusterName: prod\nplanRef: {name: elsewhere, namespace: other}\n",
            (
                "CrossNamespaceReference a.yaml:12:3: {me}: spec.planRef: Plan other/elsewhere is in another namespace."
                " Leave the namespace out, or move the Plan to fleet."
            ),
        ),
        (
            "clusterName: prod\nplanRef: {kind: MachineImage, name: stable}\n",
            (
                "InvalidObject a.yaml:12:3: {me}: spec.planRef: A MachineImage cannot stand here."
                " Name a Plan, or an object of another group."
            ),
        ),
        (
            UPGRADER + "repositoryRef: {name: fleet}\n",
            (
                "ObjectNotFound a.yaml:13:3: {me}: spec.repositoryRef: There is no GitOpsRepository fleet/fleet in"
                " these files. There is one of that name in the namespace platform."
            ),
        ),
        (
            UPGRADER + "repositoryRef: {name: fleet, namespace: platform}\n",
            (
                "CrossNamespaceReference a.yaml:13:3: {me}: spec.repositoryRef: GitOpsRepository platform/fleet does"
                " not admit the namespace fleet. Add fleet to its spec.allowedNamespaces."
            ),
        ),
        (
            UPGRADER + "dependsOn:\n- name: dev\n- matchLabels: {wave: one}\n",
            (
                "ObjectNotFound a.yaml:14:5: {me}: spec.dependsOn[0].name: There is no ClusterClassClusterUpgrader"
                " fleet/dev in these files. Add it, or name another one."
            ),
        ),
        (
            UPGRADER + "soak: 24h\n",
            (
                "NotAvailableYet a.yaml:13:3: {me}: spec.soak: waiting for other clusters is not available yet."
                " Remove it; a later release will have it."
            ),
        ),
        (
            UPGRADER + "topologyClass: quick-$(MINR)\n",
            "InvalidTemplate a.yaml:13:18: {me}: spec.topologyClass: $(MINR) is no placeholder. Did you mean $(MINOR)?",
        ),
        (
            UPGRADER + "group: eu.lock\n",
            "InvalidObject a.yaml:13:10: {me}: spec.group: must not end in .lock: Git allows no branch of that name.",
        ),
        (
            UPGRADER + "paused: maybe\n",
            "InvalidObject a.yaml:13:11: {me}: spec.paused: must be true or false, not a string.",
        ),
        (
            UPGRADER + "topologyVariable: a\ntopologyVariables:\n- name: b\n",
            (
                "InvalidObject a.yaml:13:21: {me}: spec.topologyVariable: topologyVariable and topologyVariables"
                " exclude each other: move the one into the list."
            ),
        ),
    ],
)
def test_mistakes_of_an_upgrader(spec: str, problem: str, tmp_path: Path) -> None:
    """The upgrader begins on line 7, so its spec has its first field on line 11."""
    others = [
        document("Plan", "elsewhere", "versionRange: v1.x", namespace="other"),
        document("GitOpsRepository", "fleet", "url: https://git.example.com/fleet.git", namespace="platform"),
    ]
    found = check(tmp_path, PLAN, document("ClusterClassClusterUpgrader", "prod", spec), *others)
    assert problem.format(me="ClusterClassClusterUpgrader fleet/prod") in found
    assert len(found) == (2 if "dependsOn" in spec else 1)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("kind: ConfigMap, name: versions", None),
        ("apiVersion: example.com/v1, kind: Releases, name: any", None),
        ("kind: MachineImageSyncer, name: syncer", None),
        ("name: packages", "There is no DebianRepositorySource fleet/packages in these files."),
        ("kind: Plan, name: stable", "A Plan cannot stand here."),
        ("kind: ConfigMap, name: versions, namespace: other", "ConfigMap other/versions is in another namespace."),
    ],
)
def test_sources(source: str, problem: str | None, tmp_path: Path) -> None:
    template = document("MachineImageTemplate", "images", "template: {spec: {id: a}}")
    spec = f"versionRange: v1.34.x\nsourceRef: {{{source}}}\nmachineImageTemplateRef: {{name: images}}"
    found = check(tmp_path, PLAN, template, document("MachineImageSyncer", "syncer", spec))
    assert len(found) == (problem is not None)
    assert all(problem in line for line in found if problem)


@pytest.mark.parametrize(
    ("spec", "rivals"),
    [
        (UPGRADER, True),
        (UPGRADER + "clusterNamespace: fleet\nhopInterval: 1h\n", True),
        (UPGRADER.replace("prod", "dev"), False),
        (UPGRADER + "clusterNamespace: other\n", False),
        (UPGRADER + "path: clusters\n", False),
        (UPGRADER + "targets: [{path: a.yaml, pointer: /version}]\n", False),
        (UPGRADER + "paused: true\n", False),
        (UPGRADER + "repositoryRef: {name: other}\n", False),
    ],
)
def test_two_upgraders_of_one_cluster(spec: str, rivals: bool, tmp_path: Path) -> None:
    repository = document("GitOpsRepository", "other", "url: https://git.example.org/fleet.git")
    kind = "ClusterClassClusterUpgrader"
    said = check(tmp_path, PLAN, repository, document(kind, "one", UPGRADER), document(kind, "two", spec))
    remedy = "Keep one of them and delete or pause the rest; or tell them apart by path or targets."
    expected = [
        f"RivalUpgraders a.yaml:{line}:3: {kind} fleet/{name}: spec.clusterName: {kind} fleet/{other} is for the same "
        f"Cluster too. {remedy}"
        for line, name, other in ((17, "one", "two"), (24, "two", "one"))
    ]
    assert said == (expected if rivals else [])


def test_sets(tmp_path: Path) -> None:
    spec = "repositoryRef: {name: a}\ntemplate: {spec: {planRef: {name: b}}}"
    found = check(tmp_path, document("ClusterUpgraderSet", "all", spec))
    assert [line.split(": ")[2] for line in found] == ["kind", "spec.repositoryRef", "spec.template.spec.planRef"]


def test_a_reference_to_something_broken_says_no_more(tmp_path: Path) -> None:
    broken = document("Plan", "stable", "versionRange: x1")
    found = check(tmp_path, broken, document("ClusterClassClusterUpgrader", "prod", UPGRADER))
    assert [line.partition(" ")[0] for line in found] == ["InvalidRange"]
    found = check(tmp_path, PLAN, PLAN, document("ClusterClassClusterUpgrader", "prod", UPGRADER))
    assert [line.partition(" ")[0] for line in found] == ["DuplicateObject"]


def test_unknown_fields_do_not_hide_references(tmp_path: Path) -> None:
    found = check(tmp_path, document("ClusterClassClusterUpgrader", "prod", UPGRADER + "pathh: a"))
    assert found == [
        (
            "ObjectNotFound a.yaml:6:3: ClusterClassClusterUpgrader fleet/prod: spec.planRef:"
            " There is no Plan fleet/stable in these files. Add it, or name another one."
        ),
        (
            "InvalidObject a.yaml:7:3: ClusterClassClusterUpgrader fleet/prod: spec.pathh: unknown field."
            " Did you mean path?"
        ),
    ]


def test_every_mistake_of_every_file_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("a: [\n")
    (tmp_path / "c.yaml").write_text(
        "a: {b: 1, b: 2}\nkind: Plan\n" + "apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1\n"
    )
    found = check(tmp_path, document("Plan", "stable", "versionRange: 1.34\nexclude: [x1, x2]"))
    assert [line.split(": ")[0] for line in found] == [
        "InvalidObject a.yaml:5:17",
        "InvalidRange a.yaml:6:13",
        "InvalidRange a.yaml:6:17",
        "UnreadableFile b.yaml:2:1",
        "InvalidObject c.yaml:1:1",
        "InvalidObject c.yaml:1:1",
        "InvalidObject c.yaml:1:1",
        "DuplicateField c.yaml:1:11",
    ]


def test_upstreams_objects(tmp_path: Path) -> None:
    """Their Plans and images are in no other file, and their API server's own fields are no mistake."""
    assert [str(error) for error in validate([Path(samples.__file__).with_name("upstream.yaml")])] == []
