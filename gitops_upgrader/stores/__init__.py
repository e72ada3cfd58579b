"""The object-store protocol and its implementations: a directory of manifests, and the Kubernetes API."""

from gitops_upgrader.stores.directory import DirectoryStore
from gitops_upgrader.stores.keys import DEFAULT_NAMESPACE, key_of
from gitops_upgrader.stores.kubernetes import KubernetesStore
from gitops_upgrader.stores.protocol import Reader, Store, Stored
from gitops_upgrader.stores.readonly import ReadOnlyStore, load_store
from gitops_upgrader.stores.validate import validate

__all__ = [
    "DEFAULT_NAMESPACE",
    "DirectoryStore",
    "KubernetesStore",
    "ReadOnlyStore",
    "Reader",
    "Store",
    "Stored",
    "key_of",
    "load_store",
    "validate",
]
