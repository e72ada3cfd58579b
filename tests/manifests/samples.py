"""Small manifests for tests, and short ways to find, edit and refuse."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import Edited, Located, Manifests, Query, Values
from gitops_upgrader.manifests.document import Document, split
from gitops_upgrader.manifests.node import Node
from gitops_upgrader.manifests.source import File
from tests.manifests.memory import MemoryTree

VALUES = Values(version="v1.34.2")


def cluster(name: str = "prod", version: str = "v1.33.5", more: str = "", metadata: str = "") -> str:
    """A Cluster's manifest; `more` is added to its topology, `metadata` to its metadata, both indented already."""
    return (
        "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata:\n"
        f"  name: {name}\n{metadata}spec:\n  topology:\n    class: quick-start\n    version: {version}\n{more}"
    )


def document(text: str | bytes, file: str = "a.yaml") -> Document:
    """The first document of a text."""
    return split(File(file, text.encode() if isinstance(text, str) else text))[0]


def nested_texts(levels: int, innermost: str) -> str:
    """A literal block in a literal block, and so on, with a text in the last one."""
    return "".join(f"{' ' * level}a: |\n" for level in range(levels)) + f"{' ' * levels}{innermost}\n"


def root(text: str) -> Node:
    """The root node of a text."""
    found = document(text).root
    assert found is not None
    return found


def locate(files: dict[str, Any], query: Query | None = None, links: dict[str, str] | None = None) -> Located:
    return Manifests(MemoryTree(files, links)).locate(query or Query("prod"))


def edit(files: dict[str, Any], query: Query | None = None, values: Values = VALUES) -> Edited:
    manifests = Manifests(MemoryTree(files))
    return manifests.edit(manifests.locate(query or Query("prod")), values)


def text(files: dict[str, Any], query: Query | None = None, values: Values = VALUES) -> str:
    """The one edited file as text."""
    (data,) = edit(files, query, values).files.values()
    return data.decode()


def refusal(
    files: dict[str, Any],
    query: Query | None = None,
    values: Values = VALUES,
    *,
    reason: type[ManifestError],
    links: dict[str, str] | None = None,
) -> str:
    """The message with which an edit is refused."""
    manifests = Manifests(MemoryTree(files, links))
    with pytest.raises(reason) as caught:
        manifests.edit(manifests.locate(query or Query("prod")), values)
    assert type(caught.value) is reason
    return str(caught.value)
