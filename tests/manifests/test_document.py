from __future__ import annotations

import pytest

from gitops_upgrader.errors import UnreadableManifest
from gitops_upgrader.manifests.document import embedded, split
from gitops_upgrader.manifests.node import Mapping, Scalar
from gitops_upgrader.manifests.source import File
from tests.manifests.samples import root


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", []),
        ("# only a comment\n\n", []),
        ("a: 1\n", ["a: 1\n"]),
        ("---\na: 1\n", ["---\na: 1\n"]),
        ("# c\n---\na: 1\n", ["# c\n---\na: 1\n"]),
        ("%YAML 1.2\n---\na: 1\n", ["%YAML 1.2\n---\na: 1\n"]),
        ("a: 1\n---\nb: 2\n", ["a: 1\n", "---\nb: 2\n"]),
        ("a: 1\r\n---\r\nb: 2\r\n", ["a: 1\r\n", "---\r\nb: 2\r\n"]),
        ("a: 1\n--- # c\nb: 2\n", ["a: 1\n", "--- # c\nb: 2\n"]),
        ("a: 1\n--- b\n", ["a: 1\n", "--- b\n"]),
        ("---\n---\n", ["---\n", "---\n"]),
        ("a: 1\n---", ["a: 1\n", "---"]),
        ("a: 1\n...\n# c\n", ["a: 1\n...\n"]),
        ("a: 1\n...\nb: 2\n", ["a: 1\n...\n", "b: 2\n"]),
        ("a: 1\n...\n%YAML 1.2\n---\nb: 2\n...", ["a: 1\n...\n", "%YAML 1.2\n---\nb: 2\n..."]),
        ("...\na: 1\n", ["a: 1\n"]),
        ("a: 1\n...\n...\nb: 2\n", ["a: 1\n...\n", "b: 2\n"]),
        ("a: |\n  ---\n  b\n---x: 1\n", ["a: |\n  ---\n  b\n---x: 1\n"]),
    ],
)
def test_documents_are_split_at_their_markers(text: str, documents: list[str]) -> None:
    found = split(File("a.yaml", text.encode()))
    assert [document.text for document in found] == documents
    assert [document.index for document in found] == list(range(len(documents)))


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("a: |\n  b: 1\n", ["b: 1\n"]),
        ("a: |2\n    b: 1\n", ["  b: 1\n"]),
        ("a: |+\n  b: 1\n\n\n", ["b: 1\n\n\n"]),
        ("a: |-\n\n  b: 1\n   \n  c: 2", ["\nb: 1\n \nc: 2"]),
        ("a: &x !!str |\n  b: 1\n", ["b: 1\n"]),
        ("a: |\r\n  b: 1\r\n  c: 2\r\n", ["b: 1\r\nc: 2\r\n"]),
        ("a: |\n  b: 1\n  ---\n  c: 2\n", ["b: 1\n", "---\nc: 2\n"]),
        ("a: |\n", []),
        ("a: >\n  b: 1\n", None),
        ("a: 'b: 1'\n", None),
        # libyaml sees three lines here, editors see two.
        ("a: |\n  b: 1\u2028  c: 2\n", None),
    ],
)
def test_yaml_inside_a_literal_block_is_read_from_the_file(text: str, inner: list[str] | None) -> None:
    outer = root(text)
    assert isinstance(outer, Mapping)
    scalar = outer.values[0]
    assert isinstance(scalar, Scalar)
    found = embedded(scalar)
    assert (None if found is None else [document.text for document in found]) == inner
    assert all(document.holder is scalar for document in found or [])


def test_a_root_is_composed_once() -> None:
    document = split(File("a.yaml", b"a: 1\n"))[0]
    assert document.root is document.root


def test_a_document_that_is_no_yaml_says_where() -> None:
    document = split(File("a.yaml", b"a: 1\n---\nb: [\n"))[1]
    with pytest.raises(UnreadableManifest, match=r"a\.yaml:4:1: This is not YAML: while parsing a flow node, did not"):
        _ = document.root
