"""What tests of the Kubernetes store share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml

from gitops_upgrader.stores import KubernetesStore
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.kubeconfig import open_client
from tests.servers.kubernetes import KubernetesServer
from tests.stores.loopback import Answer, Loopback, serving

TOKEN = "planted-token-0123456789"


ConnectStore = Callable[..., KubernetesStore]


class Connect(Protocol):
    """Opens a connection to a server, which may take so many seconds to answer."""

    def __call__(self, server: Loopback, *, timeout: float = 30.0) -> Connection:
        """Return the connection."""


def kubeconfig_content(server: str) -> dict[str, object]:
    """The smallest kubeconfig of somebody with a token."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server that answers everything with an empty object, until a test replaces `answer`."""
    with serving(lambda _: Answer()) as server:
        yield server


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """Opens connections, and closes them in the end."""
    with ExitStack() as stack:

        def opened(server: Loopback, *, timeout: float = 30.0) -> Connection:
            file = tmp_path / "kubeconfig"
            file.write_text(yaml.safe_dump(kubeconfig_content(server.url)))
            connection = Connection(open_client(file), timeout=timeout)
            stack.callback(connection.close)
            return connection

        yield opened


@pytest.fixture
def connect_store() -> Iterator[ConnectStore]:
    """Connects stores to real clusters, and closes them in the end."""
    with ExitStack() as stack:

        def connected(kubeconfig: Path, **options: Any) -> KubernetesStore:
            store = KubernetesStore.connect(kubeconfig, **options)
            stack.callback(store.close)
            return store

        yield connected


@pytest.fixture
def namespace(kubernetes: KubernetesServer) -> str:
    """A new namespace in a real cluster."""
    return kubernetes.namespace("store")
