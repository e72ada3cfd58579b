"""Two upgraders of one cluster: neither proposes anything, and each names the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_upgrader.api import ClusterClassClusterUpgrader
from gitops_upgrader.errors import RivalUpgraders
from gitops_upgrader.git import Location
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.pulls.decision import Create
from gitops_upgrader.reconcilers import upgrader as reconciler
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.rivals import same_repository
from tests.reconcilers.directory import OURS, Fleet, Run, cluster, repository, upgrader
from tests.reconcilers.forge import secret
from tests.reconcilers.management import UPGRADER, Management


def second(**spec: str) -> str:
    """Another upgrader for the cluster `prod`."""
    return upgrader("second", **spec).replace("clusterName: second", "clusterName: prod")


@pytest.fixture
def shared(fleet: Fleet) -> Fleet:
    """A cluster with two upgraders."""
    fleet.clusters(prod="v1.33.5", dev="v1.33.5")
    fleet.usual("prod", "dev")
    fleet.write("second.yaml", second())
    return fleet


def told(run: Run) -> dict[str, str]:
    """What was decided for each upgrader, in short."""
    return {
        (found.upgrader or "").rpartition("/")[2]: found.error.reason if found.error else type(found.decision).__name__
        for found in run.report.proposals
    }


def test_both_are_refused_and_name_each_other_and_nothing_is_pushed(shared: Fleet) -> None:
    run = shared.run()
    assert told(run) == {"dev": "Create", "prod": "RivalUpgraders", "second": "RivalUpgraders"}
    assert sorted(shared.people.branches()) == ["gitops-upgrader/fleet/dev", "main"]
    messages = [str(found.error) for found in run.report.proposals if found.error]
    for message, one, other in zip(messages, ("prod", "second"), ("second", "prod"), strict=True):
        assert message == (
            f"ClusterClassClusterUpgrader fleet/{one}: spec.clusterName: ClusterClassClusterUpgrader fleet/{other} is "
            "for Cluster fleet/prod in the same repository too, so neither proposes anything. Keep one of them and "
            "delete or pause the rest; or tell them apart by path or targets."
        )


def test_whoever_is_run_alone_is_refused_as_well(shared: Fleet) -> None:
    assert told(shared.run(only=["second"])) == {"second": "RivalUpgraders"}


def test_of_three_each_names_both_others(shared: Fleet) -> None:
    shared.write("third.yaml", second().replace("name: second", "name: third"))
    error = shared.run(only=["prod"]).report.proposals[0].error
    assert isinstance(error, RivalUpgraders)
    assert error.message.startswith(
        "ClusterClassClusterUpgrader fleet/second and ClusterClassClusterUpgrader fleet/third are for Cluster fleet/"
    )


def test_what_is_open_already_stays_as_it_is(shared: Fleet) -> None:
    (shared.manifests / "second.yaml").unlink()
    assert told(shared.run())["prod"] == "Create"
    branches = shared.people.branches()
    shared.write("second.yaml", second())
    assert told(shared.run())["prod"] == "RivalUpgraders"
    assert shared.people.branches() == branches
    (shared.manifests / "second.yaml").unlink()
    assert told(shared.run())["prod"] == "Leave"


@pytest.mark.parametrize(
    ("spec", "second_is"),
    [
        ({"paused": "true"}, "Hold"),
        ({}, "RivalUpgraders"),  # another path, the same place
        ({"path": "elsewhere"}, "Create"),  # a Cluster of the same name in another folder
        ({"path": "nowhere"}, "ClusterNotFound"),
        ({"clusterNamespace": "other"}, "ClusterNotFound"),
        ({"versionRange": "x"}, None),  # is broken, so that it is left out
        ({"targets": "[{path: values.yaml, pointer: /version}]"}, "Create"),
        ({"repositoryRef": "{name: copy}"}, "RivalUpgraders"),  # another object for the same repository
        ({"repositoryRef": "{name: branch}"}, "RivalUpgraders"),  # which names the branch that HEAD names
        ({"repositoryRef": "{name: release}"}, "Create"),
        ({"repositoryRef": "{name: other}"}, "RepositoryNotFound"),
        ({"repositoryRef": "{name: idle}"}, "Hold"),
        ({"repositoryRef": "{name: missing}"}, "ObjectNotFound"),
    ],
)
def test_rivals_are_those_that_would_edit_the_same_place(
    spec: dict[str, str], second_is: str | None, shared: Fleet
) -> None:
    url = f"file://{shared.people.path}"
    shared.people.commit(
        {
            "elsewhere/prod.yaml": cluster("prod", "v1.33.5"),
            "values.yaml": "version: v1.33.5\n",
        }
    )
    shared.people.branch("release")
    shared.write(
        "repositories.yaml",
        *(
            repository(address, name=name, **more)
            for name, address, more in (
                ("default", url, {}),
                ("copy", url, {}),
                ("branch", url, {"branch": "main"}),
                ("release", url, {"branch": "release"}),
                ("other", f"file://{shared.folder}/nothing", {}),
                ("idle", url, {"paused": "true"}),
            )
        ),
    )
    shared.write("prod.yaml", upgrader("prod", path="clusters/prod.yaml"))
    text = second(**{"path": "clusters", **spec})
    shared.write("second.yaml", text.replace("  topologyVariable: imageId\n", "") if "targets" in spec else text)
    found = told(shared.run(repo=None))
    assert found.get("second") == second_is
    assert found["prod"] == ("RivalUpgraders" if second_is == "RivalUpgraders" else "Create")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://github.com/acme/fleet", "https://GitHub.com/acme/fleet.git/", True),
        ("https://github.com/acme/fleet.git", "git@github.com:acme/fleet", True),
        ("https://github.com/acme/fleet.git", "git@github.com:acme/other", False),
        ("https://github.com/acme/fleet.git", "git@gitlab.com:acme/fleet", False),
        ("https://git.example.org:8443/fleet", "ssh://git@git.example.org/fleet", False),
        ("/srv/fleet.git", "file:///srv/fleet.git", True),
        ("/srv/fleet.git", "https://srv/fleet.git", False),
    ],
)
def test_a_repository_is_one_over_https_and_over_ssh(one: str, other: str, same: bool) -> None:
    assert same_repository(Location.parse(one, Path("/")), Location.parse(other, Path("/"))) is same


FOREIGN = """\
apiVersion: OURS
kind: Plan
metadata: {name: newest, namespace: tenant}
spec: {versionRange: v1.34.x, machineImageSelector: {}}
---
apiVersion: OURS
kind: MachineImage
metadata: {name: newest, namespace: tenant}
spec: {version: v1.34.2, id: img-v1.34.2}
---
apiVersion: OURS
kind: ClusterClassClusterUpgrader
metadata: {name: foreign, namespace: tenant}
spec:
  clusterName: prod
  clusterNamespace: fleet
  planRef: {name: newest}
  topologyVariable: imageId
  repositoryRef: REFERENCE
""".replace("OURS", OURS)


@pytest.mark.parametrize(
    ("reference", "prod_is", "foreign_is"),
    [
        ("{name: own}", "Create", "Hold"),  # has other credentials, and finds the pull request of the first there
        ("{name: default, namespace: fleet}", "RivalUpgraders", "RivalUpgraders"),  # is let in, so it could
    ],
)
def test_another_tenant_is_a_rival_only_where_the_same_credentials_let_it_in(
    reference: str, prod_is: str, foreign_is: str, shared: Fleet
) -> None:
    url = f"file://{shared.people.path}"
    (shared.manifests / "second.yaml").unlink()
    shared.write(
        "repositories.yaml",
        secret("git", {"username": "bot", "password": "unused-for-a-path"}),
        repository(url, secretRef="{name: git}", allowedNamespaces="[tenant]"),
        repository(url, name="own", namespace="tenant"),
    )
    shared.write("foreign.yaml", FOREIGN.replace("REFERENCE", reference))
    found = told(shared.run(repo=None))
    assert (found["prod"], found["foreign"]) == (prod_is, foreign_is)


# --- in a management cluster ----------------------------------------------------------------------------------------


def test_in_a_cluster_the_status_of_both_says_so(management: Management) -> None:
    other = ObjectKey(UPGRADER.group, UPGRADER.kind, "fleet", "second")
    management.store.create(
        {
            "apiVersion": OURS,
            "kind": "ClusterClassClusterUpgrader",
            "metadata": {"name": "second", "namespace": "fleet"},
            "spec": {"clusterName": "prod", "planRef": {"name": "newest"}, "topologyVariable": "imageId"},
        }
    )
    for key in (UPGRADER, other):
        found = management.store.get(key)
        assert found is not None
        reconciler.reconcile(management.scope, read(found, ClusterClassClusterUpgrader), management.workspaces)
        written = management.store.get(key)
        assert written is not None
        states = {one["type"]: f"{one['status']} {one['reason']}" for one in written.status["conditions"]}
        assert (states["Ready"], states["Stalled"]) == ("False RivalUpgraders", "True RivalUpgraders")
        assert written.content["metadata"].get("finalizers") is None
    assert list(management.fleet.people.branches()) == ["main"]

    management.store.patch(other, {"metadata": {"deletionTimestamp": "2026-11-01T00:00:00Z"}})

    assert isinstance(management.run().decision, Create)
