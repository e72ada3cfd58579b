from __future__ import annotations

import pytest

from gitops_upgrader.errors import ManifestTooLarge, NotUtf8
from gitops_upgrader.manifests.document import embedded, opaque
from gitops_upgrader.manifests.node import Mapping, Scalar
from gitops_upgrader.manifests.source import MAX_BYTES, File
from tests.manifests.samples import root


@pytest.mark.parametrize(
    ("data", "position", "byte", "place"),
    [
        (b"a: 1\nb: 2\n", 8, 8, (2, 4)),
        ("ä: 1\nb: 2\n".encode(), 8, 9, (2, 4)),
        (b"\xef\xbb\xbfa: 1\n", 3, 6, (1, 4)),
        ("\ufeffä: 1\n".encode(), 3, 7, (1, 4)),
        # Neither a lone CR nor U+2028 ends a line, whatever libyaml makes of them.
        ("a: 'x\ry\u2028z'\nb: 2\n".encode(), 14, 16, (2, 4)),
    ],
)
def test_places_are_told_in_bytes_and_lines(data: bytes, position: int, byte: int, place: tuple[int, int]) -> None:
    file = File("a.yaml", data)
    assert file.byte(position) == byte
    assert file.place(position) == place


def test_places_in_long_files_are_counted_as_in_short_ones() -> None:
    text = "".join(f"ü{number}: {'x' * (number % 90)}\n" for number in range(2_000))
    file = File("a.yaml", b"\xef\xbb\xbf" + text.encode())
    for position in range(0, len(text), 997):
        before = text[:position]
        assert file.byte(position) == 3 + len(before.encode())
        assert file.place(position) == (before.count("\n") + 1, position - before.rfind("\n"))


def test_a_file_over_the_limit_is_refused() -> None:
    assert File("a.yaml", b"#" * MAX_BYTES).text
    with pytest.raises(ManifestTooLarge, match=r"a\.yaml: The file has 10,485,761 bytes"):
        File("a.yaml", b"#" * (MAX_BYTES + 1))


def test_a_file_that_is_not_utf8_is_refused_with_its_line() -> None:
    with pytest.raises(NotUtf8, match=r"a\.yaml:2: Byte 0xff is not UTF-8\."):
        File("a.yaml", b"\xef\xbb\xbfa: 1\nb: \xff\n")


def test_embedded_places_are_those_of_the_file() -> None:
    outer = root("a:\n  b: |\n    ä: |\n      c: 1\n    d: 2\n")
    assert isinstance(outer, Mapping)
    (inner,) = embedded(_scalar(outer, 0, 0)) or []
    assert isinstance(inner.root, Mapping)
    deeper = (embedded(_scalar(inner.root, 0)) or [])[0]
    assert isinstance(deeper.root, Mapping)
    node = _scalar(deeper.root, 0)
    assert node.value == "1"
    assert deeper.source.place(node.start) == (4, 10)
    assert deeper.source.data[deeper.source.byte(node.start) :] == b"1\n    d: 2\n"
    assert deeper.source.indent == 6
    assert deeper.file == "a.yaml"
    assert str(deeper.where(node.start)) == "a.yaml:4:10"


def test_opaque_places_are_where_the_text_begins() -> None:
    outer = root('x: 1\na: "b: 1\\nc: 2\\n"\n')
    assert isinstance(outer, Mapping)
    (inner,) = opaque(_scalar(outer, 1))
    assert inner.source.byte(7) == 8
    assert inner.source.place(7) == (2, 4)
    assert inner.source.data.startswith(b"x: 1")
    assert inner.source.indent == 0


def _scalar(node: Mapping, *path: int) -> Scalar:
    for index in path[:-1]:
        below = node.values[index]
        assert isinstance(below, Mapping)
        node = below
    found = node.values[path[-1]]
    assert isinstance(found, Scalar)
    return found
