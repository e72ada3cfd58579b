"""The object-store protocol and its implementations: a directory of manifests, and later the Kubernetes API."""

from gitops_upgrader.stores.directory import DEFAULT_NAMESPACE, DirectoryStore, key_of
from gitops_upgrader.stores.protocol import Store, Stored
from gitops_upgrader.stores.validate import validate

__all__ = ["DEFAULT_NAMESPACE", "DirectoryStore", "Store", "Stored", "key_of", "validate"]
