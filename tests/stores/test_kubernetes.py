"""The store of a cluster, against a real API server with RBAC on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gitops_upgrader import api
from gitops_upgrader.stores import KubernetesStore, Store
from tests.servers.kubernetes import KubernetesServer
from tests.stores.contract import StoreContract

pytestmark = pytest.mark.servers


class TestContract(StoreContract):
    """What every store does, this one does too."""

    @pytest.fixture
    def store(self, kubernetes: KubernetesServer) -> Iterator[Store]:
        with kubernetes.alone("contract"):
            for namespace in ("default", "other"):
                kubernetes.namespace(name=namespace)
                kubernetes.clear(f"/apis/{api.API_VERSION}/namespaces/{namespace}/machineimages")
            store = KubernetesStore.connect(kubernetes.kubeconfig, namespaces=["default", "other"])
            yield store
            store.close()
