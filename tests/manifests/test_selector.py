from __future__ import annotations

import pytest

from gitops_upgrader.errors import InvalidPatch
from gitops_upgrader.manifests.selector import Selector, names
from tests.manifests.samples import root

TREE = """
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  name: prod-eu
  labels: {env: prod, region: eu, rank: "5"}
  annotations: {team: a}
"""
IDS = (("", "eu"), ("middle", "between"), ("fleet", "prod-eu"))


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
        ("{name: eu, namespace: fleet}", True),
        ("{name: prod-eu, namespace: default}", True),
        ("{name: prod-eu, namespace: dev}", False),
        ("{name: between}", False),
        ("{namespace: middle}", False),
        ("{name: '[[:alpha:]]+-eu'}", True),
        ("{name: '[[:alpha:]]+'}", True),
        ("{name: '[[:digit:]]+'}", False),
        ("{name: '\\pL+'}", True),
        ("{name: 'prod-eu\\z'}", True),
        ("{name: '(?<a>eu)'}", True),
        ("{name: '(?i)PROD-EU'}", True),
        ("{name: '\\Qprod-eu\\E'}", True),
        ("{name: 'dev|eu'}", True),
        ("{name: 'prod'}", False),
        ("{name: 'dev)|(eu'}", True),
        ("{name: '^eu$'}", True),
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
        ("{labelSelector: ' ! zone , env  =  prod , region  in  (eu) '}", True),
        ("{labelSelector: 'rank>4,rank<6'}", True),
        ("{labelSelector: 'rank>5'}", False),
        ("{annotationSelector: team=a}", True),
        ("{annotationSelector: team=b}", False),
    ],
)
def test_targets_select(target: str, selected: bool) -> None:
    assert Selector.read(root(target)).selects(root(TREE), IDS) is selected


@pytest.mark.parametrize(
    ("select", "picked"),
    [
        ("{kind: Cluster}", True),
        ("{kind: Clu.*}", False),
        ("{group: cluster.x-k8s.io, version: v1beta1, name: prod-eu}", True),
        ("{name: prod-.*}", False),
        ("{name: between}", True),
        ("{name: eu, namespace: default}", True),
        ("{name: eu, namespace: fleet}", False),
        ("{labelSelector: env=dev}", False),
    ],
)
def test_replacements_pick_by_whole_ids_and_texts(select: str, picked: bool) -> None:
    assert Selector.read(root(select)).picks(root(TREE), IDS) is picked


@pytest.mark.parametrize(
    ("patch", "named"),
    [
        ("{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {name: eu}}", True),
        ("{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {name: eu, namespace: default}}", True),
        ("{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {name: prod-eu, namespace: fleet}}", True),
        ("{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {name: between, namespace: middle}}", True),
        ("{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {name: eu, namespace: fleet}}", False),
        ("{apiVersion: cluster.x-k8s.io/v1beta1, kind: Cluster, metadata: {name: prod-eu}}", False),
        ("{apiVersion: cluster.x-k8s.io/v1beta2, kind: Cluster, metadata: {name: eu}}", False),
        ("{apiVersion: cluster.x-k8s.io/v1beta1, kind: Machine, metadata: {name: eu}}", False),
    ],
)
def test_a_merge_patch_names_an_object(patch: str, named: bool) -> None:
    assert names(root(patch), root(TREE), IDS) is named


def test_an_object_without_labels_has_none() -> None:
    assert not Selector.read(root("{labelSelector: a=b}")).selects(root("{kind: X, metadata: {labels: x}}"), IDS)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{name: '('}", r"\( is no regular expression of Go's: missing \)"),
        ("{name: '(?=eu)'}", "invalid perl operator"),
        ("{name: 'eu\\Z'}", "invalid escape sequence"),
        ("{name: '(a{1000}){1000}'}", "invalid repetition size"),
        ("{name: '(\\pL{100}){9}'}", "pattern too large"),
        ("{labelSelector: '=x'}", "no label selector"),
        pytest.param(f"{{labelSelector: 'a{' ' * 100_000}?'}}", "no label selector", id="spaces behind a key"),
        pytest.param(f"{{labelSelector: '!{' ' * 100_000}?'}}", "no label selector", id="spaces before a key"),
    ],
)
def test_targets_that_are_none(target: str, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidPatch, match=message):
        Selector.read(root(target)).selects(root(TREE), IDS)
    assert capfd.readouterr() == ("", "")


def test_of_a_long_pattern_the_beginning_is_quoted() -> None:
    with pytest.raises(InvalidPatch) as caught:
        Selector.read(root("{name: '" + "(a|" * 20_000 + "'}")).selects(root(TREE), IDS)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b"])
def test_a_regular_expression_takes_no_longer_than_the_name(pattern: str) -> None:
    assert not Selector.read(root(f"{{name: '{pattern}'}}")).selects(root(TREE), (("", "a" * 5000),))
