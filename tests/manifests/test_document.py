from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from gitops_upgrader.errors import ManifestTooLarge, NestedTooDeep, UnreadableManifest
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.document import MAX_DOCUMENTS, MAX_TEXT, Document, embedded, opaque, split
from gitops_upgrader.manifests.node import Mapping, Scalar
from gitops_upgrader.manifests.source import File
from tests.manifests.samples import nested_texts, root


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


def test_texts_in_texts_nest_as_all_else_does() -> None:
    document = split(File("a.yaml", nested_texts(20, "v: 1").encode()))[0]
    for depth in (0, 11, 22, 33, 44, 55, 66, 77, 88, 99):
        assert document.depth == depth
        scalar = pointer.look(document.root, "a")
        assert isinstance(scalar, Scalar)
        (document,) = embedded(scalar) or []
    with pytest.raises(NestedTooDeep, match=r"a\.yaml:11:11: The document nests deeper than 100 levels, those of the"):
        _ = document.root


def test_a_list_in_a_text_nests_as_deep_as_one_outside() -> None:
    deep = "[" * 88 + "]" * 88
    scalar = pointer.look(root(f"a:\n  b: |\n    {deep}\n  c: |\n    [{deep}]\n"), "a", "b")
    assert isinstance(scalar, Scalar)
    (document,) = embedded(scalar) or []
    assert document.root is not None
    scalar = pointer.look(scalar.document.root, "a", "c")
    assert isinstance(scalar, Scalar)
    (document,) = embedded(scalar) or []
    with pytest.raises(NestedTooDeep):
        _ = document.root


def test_aliases_in_a_text_nest_as_all_else_does() -> None:
    deep = "[" * 45 + "]" * 45
    scalar = pointer.look(root(f"a: |\n  b: &b {deep}\n  c: {'[' * 45}*b{']' * 45}\n"), "a")
    assert isinstance(scalar, Scalar)
    (document,) = embedded(scalar) or []
    with pytest.raises(NestedTooDeep):
        _ = document.root


def test_more_documents_than_a_file_of_objects_has_are_refused() -> None:
    assert len(split(File("a.yaml", b"---\n" * MAX_DOCUMENTS))) == MAX_DOCUMENTS
    with pytest.raises(ManifestTooLarge, match=r"a\.yaml:100001:1: The file has more than 100,000 documents\."):
        split(File("a.yaml", b"---\n" * 2_000_000))


@pytest.mark.parametrize(("text", "read"), [("|\n  %s\n", embedded), ('"%s"\n', opaque)])
def test_a_text_that_no_object_has_room_for_is_refused(text: str, read: Callable[[Scalar], list[Document]]) -> None:
    for length, refused in ((MAX_TEXT - 9, False), (MAX_TEXT + 1, True)):
        scalar = pointer.look(root("x: 1\na: " + text % ("b" * length)), "a")
        assert isinstance(scalar, Scalar)
        with pytest.raises(ManifestTooLarge, match=r"a\.yaml:2:4: A text") if refused else nullcontext():
            assert len(read(scalar)) == 1
