from __future__ import annotations

import pytest

from gitops_upgrader.errors import InvalidPatch
from gitops_upgrader.manifests.selector import Selector
from tests.manifests.samples import root

TREE = """
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: prod-eu
  labels: {env: prod, region: eu}
  annotations: {team: a}
"""
IDS = (("", "eu"), ("fleet", "prod-eu"))


@pytest.mark.parametrize(
    ("target", "selected"),
    [
        ("{}", True),
        ("{kind: Cluster}", True),
        ("{kind: Clus}", False),
        ("{kind: Clu.*}", True),
        ("{group: cluster.x-k8s.io, version: v1beta1, kind: Cluster}", True),
        ("{version: v1beta2}", False),
        ("{group: apps}", False),
        ("{name: prod-eu}", True),
        ("{name: eu}", True),
        ("{name: prod}", False),
        ("{name: prod-.*, namespace: fleet}", True),
        ("{name: eu, namespace: fleet}", False),
        ("{labelSelector: env=prod}", True),
        ("{labelSelector: 'env==prod,region!=us'}", True),
        ("{labelSelector: 'env!=prod'}", False),
        ("{labelSelector: 'zone!=a'}", True),
        ("{labelSelector: 'env in (dev, prod), region notin (us)'}", True),
        ("{labelSelector: 'env in (dev)'}", False),
        ("{labelSelector: 'zone notin (a)'}", True),
        ("{labelSelector: 'env'}", True),
        ("{labelSelector: 'zone'}", False),
        ("{labelSelector: '!zone'}", True),
        ("{labelSelector: '!env'}", False),
        ("{annotationSelector: team=a}", True),
        ("{annotationSelector: team=b}", False),
    ],
)
def test_targets_select(target: str, selected: bool) -> None:
    assert Selector.read(root(target)).selects(root(TREE), IDS) is selected


def test_an_object_without_labels_has_none() -> None:
    assert not Selector.read(root("{labelSelector: a=b}")).selects(root("{kind: X, metadata: {labels: x}}"), IDS)


@pytest.mark.parametrize(
    ("target", "message"), [("{name: '('}", "no regular expression"), ("{labelSelector: '=x'}", "no label selector")]
)
def test_targets_that_are_none(target: str, message: str) -> None:
    with pytest.raises(InvalidPatch, match=message):
        Selector.read(root(target)).selects(root(TREE), IDS)
