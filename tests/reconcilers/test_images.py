"""Syncers and their images: names, labels, placeholders, sources of every kind; signed repositories by reference."""

from __future__ import annotations

from datetime import UTC, datetime

import pysequoia
import pytest

from gitops_upgrader import api
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import syncer
from gitops_upgrader.reconcilers.scope import Scope
from gitops_upgrader.sources.httpfetch import HttpFetch
from tests import debian
from tests.reconcilers.directory import OURS, PLAN, SYNCER, TEMPLATE, VERSIONS, Fleet, Run

GROUP = OURS.partition("/")[0]
UPSTREAM = "kubernetes-upgrader.dimitrikoshkin.com"

SOURCE = """\
apiVersion: OURS
kind: DebianRepositorySource
metadata: {name: debian, namespace: fleet}
spec:
  url: URL/deb/
  architecture: amd64
"""


def content(run: Run, name: str) -> dict[str, object]:
    """A MachineImage as the run left it."""
    stored = run.store.get(ObjectKey(GROUP, "MachineImage", "fleet", name))
    assert stored is not None
    return dict(stored.content)


def test_an_image_is_named_labelled_and_owned_as_upstream_has_it(fleet: Fleet) -> None:
    fleet.write("all.yaml", VERSIONS, TEMPLATE, SYNCER)

    made = content(fleet.run(), "images-v1.34.2")

    assert made["spec"] == {"version": "v1.34.2", "id": "img-v1.34.2"}
    assert made["metadata"] == {
        "name": "images-v1.34.2",
        "namespace": "fleet",
        "labels": {
            "os": "ubuntu",
            f"{UPSTREAM}/machine-image-syncer-name": "images",
            f"{UPSTREAM}/kubernetes-version": "v1.34.2",
        },
        "annotations": {f"{UPSTREAM}/cloned-from": "images"},
        "ownerReferences": [
            {
                "apiVersion": OURS,
                "kind": "MachineImageSyncer",
                "name": "images",
                "uid": "",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }


def test_placeholders_and_a_plus_which_names_and_labels_cannot_have(fleet: Fleet) -> None:
    template = TEMPLATE.replace(
        "img-$(KUBERNETES_VERSION)", "$(MAJOR)-$(MINOR)-$(PATCH)/$(VERSION_NO_V)/$(VERSION_SLUG)"
    )
    fleet.write(
        "all.yaml", VERSIONS.replace("v1.34.2", "v1.34.2+rke2r1").replace("v1.34.1", "v1.33.4"), template, SYNCER
    )

    run = fleet.run()

    made = content(run, "images-v1.34.2-rke2r1")
    assert made["spec"] == {"version": "v1.34.2+rke2r1", "id": "1-34-2/1.34.2+rke2r1/v1.34.2-rke2r1"}
    assert run.status("MachineImageSyncer", "images")["versions"] == ["v1.33.5", "v1.34.2+rke2r1"]


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("Latest", ["v1.34.2"]),
        ("LatestPerMinor", ["v1.33.5", "v1.34.2"]),
        ("All", ["v1.33.5", "v1.34.1", "v1.34.2"]),
    ],
)
def test_which_versions_get_an_image(fleet: Fleet, policy: str, versions: list[str]) -> None:
    fleet.write("all.yaml", VERSIONS, TEMPLATE, SYNCER.replace("LatestPerMinor", policy))

    run = fleet.run()

    assert run.status("MachineImageSyncer", "images")["versions"] == versions
    assert run.status("MachineImageSyncer", "images")["latestVersion"] == "v1.34.2"
    assert len(run.store.list(GROUP, "MachineImage")) == len(versions)


def test_an_image_with_upstreams_random_suffix_is_recognised(fleet: Fleet) -> None:
    there = f"""\
apiVersion: OURS
kind: MachineImage
metadata: {{name: images-x7k2p, namespace: fleet, labels: {{{UPSTREAM}/machine-image-syncer-name: images}}}}
spec: {{version: v1.34.2, id: made-by-upstream}}
"""
    fleet.write("all.yaml", VERSIONS, TEMPLATE, SYNCER.replace("LatestPerMinor", "Latest"), there)

    run = fleet.run()

    assert [stored.key.name for stored in run.store.list(GROUP, "MachineImage")] == ["images-x7k2p"]


@pytest.mark.parametrize("length", [63, 64, 253])
def test_the_images_of_a_syncer_with_a_long_name_have_legal_names_and_labels(fleet: Fleet, length: int) -> None:
    """The store holds what it takes to the grammar of names and labels, as the API server does."""
    name = "s" * length
    fleet.write("all.yaml", VERSIONS, TEMPLATE, SYNCER.replace("name: images, namespace", f"name: {name}, namespace"))

    run = fleet.run()

    made = [stored.content["metadata"] for stored in run.store.list(GROUP, "MachineImage")]
    assert [len(metadata["name"]) for metadata in made] == [min(length + len("-v1.34.2"), 253)] * 2
    assert made[1]["name"].endswith("-v1.34.2")
    label = f"{UPSTREAM}/machine-image-syncer-name"
    values = {metadata["labels"][label] for metadata in made}
    assert len(values) == 1
    assert len(values.pop()) == 63
    assert {metadata["ownerReferences"][0]["name"] for metadata in made} == {name}
    again = syncer.reconcile(
        Scope(run.store, lambda: datetime(2026, 11, 3, tzinfo=UTC), HttpFetch()),
        api.parse_as(api.MachineImageSyncer, run.store.list(GROUP, "MachineImageSyncer")[0].content),
    )
    assert again.problem is None
    assert len(run.store.list(GROUP, "MachineImage")) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("name: versions}\n  machine", "name: gone}\n  machine"), "There is no ConfigMap fleet/gone."),
        (("name: images}\n", "name: gone}\n"), "There is no MachineImageTemplate fleet/gone."),
    ],
)
def test_a_reference_that_leads_nowhere_names_its_field(fleet: Fleet, change: tuple[str, str], message: str) -> None:
    fleet.write("all.yaml", VERSIONS, TEMPLATE, SYNCER.replace(*change), PLAN)

    run = fleet.run()

    error = run.errors()["MachineImageSyncer fleet/images"]
    assert message in error
    assert error.startswith("MachineImageSyncer fleet/images: spec.")
    assert error.endswith("Create it, or correct the reference.")
    condition = run.status("MachineImageSyncer", "images")["conditions"]
    assert [(one["type"], one["status"]) for one in condition] == [("Ready", "False"), ("Stalled", "True")]
    assert "Its machine images are not known" in run.errors()["Plan fleet/newest"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("data: {version: v1.34.2}\n", "has no key `versions`"),
        ("data: {versions: 'v1.34.2\n    soon'}\n", "soon"),
    ],
)
def test_a_config_map_that_says_no_versions(fleet: Fleet, data: str, message: str) -> None:
    config = VERSIONS.partition("\ndata:")[0] + "\n" + data
    fleet.write("all.yaml", config, TEMPLATE, SYNCER)

    assert message in fleet.run().errors()["MachineImageSyncer fleet/images"]


def test_nothing_suitable_is_no_error(fleet: Fleet) -> None:
    fleet.write("all.yaml", VERSIONS, TEMPLATE, SYNCER, PLAN.replace("v1.34.x", "v1.40.x"))

    run = fleet.run()

    assert run.errors() == {}
    plan = run.status("Plan", "newest")
    assert plan["phase"] == "NoSuitableMachineImage"
    assert plan["conditions"][0]["status"] == "True"


KEYS = "apiVersion: v1\nkind: KIND\nmetadata: {name: keys, namespace: fleet}\nFIELD:\n"


@pytest.fixture(scope="module")
def key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Packages <packages@example.org>")


@pytest.mark.parametrize("by", ["key", "secretRef", "configMapRef", "named"])
def test_a_signed_repository_whose_keys_are_referred_to(fleet: Fleet, by: str, key: pysequoia.Tsk) -> None:
    armoured = "".join(f"      {line}\n" for line in str(key.extract_certificate()).splitlines())
    kind, field = ("Secret", "stringData") if by == "secretRef" else ("ConfigMap", "data")
    keys = KEYS.replace("KIND", kind).replace("FIELD", field) + f"  keys.asc: |\n{armoured}"
    if by == "named":
        keys += "  other: x\n"
    signed = {
        "key": f"    key: |\n{armoured}",
        "secretRef": "    secretRef: {name: keys}\n",
        "configMapRef": "    configMapRef: {name: keys}\n",
        "named": "    configMapRef: {name: keys, key: keys.asc}\n",
    }[by]
    site = debian.Site()
    site.files |= debian.flat("/deb/", debian.packages("1.34.2-1.1"), key)
    with debian.serve(site) as served:
        fleet.write("all.yaml", SOURCE.replace("URL", served.url) + f"  signedBy:\n{signed}", keys)
        run = fleet.run()

    assert run.errors() == {}
    assert run.status("DebianRepositorySource", "debian")["versions"] == ["v1.34.2"]


@pytest.mark.parametrize(
    ("reference", "data", "message"),
    [
        ("configMapRef: {name: gone}", "", "There is no ConfigMap fleet/gone."),
        ("configMapRef: {name: keys, key: b}", "  a: x\n", "keys has no key 'b'; it has a."),
        ("configMapRef: {name: keys}", "  a: x\n  b: y\n", "keys has 2 keys, so which one is meant is unclear."),
        ("configMapRef: {name: keys}", "  a: x\n", "OpenPGP"),
    ],
)
def test_keys_that_are_not_there(fleet: Fleet, reference: str, data: str, message: str) -> None:
    keys = KEYS.replace("KIND", "ConfigMap").replace("FIELD", "data") + data
    with debian.serve() as served:
        fleet.write("all.yaml", SOURCE.replace("URL", served.url) + f"  signedBy:\n    {reference}\n", keys)
        run = fleet.run()

    assert message in run.errors()["DebianRepositorySource fleet/debian"]
