"""The versions of a Packages file, and everything that can be wrong with one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.errors import (
    IndexTooLarge,
    IndexTruncated,
    InvalidSourceVersion,
    NotAnIndex,
    SourceError,
    Where,
)
from gitops_upgrader.sources.packages import PARAGRAPHS_LIMIT, kubernetes_version, kubernetes_versions
from gitops_upgrader.versions import Version
from tests.debian import packages, paragraph

WHERE = Where(file="https://example.com/Packages")
MIB = 1024 * 1024


def read(*pieces: bytes, architecture: str = "amd64") -> list[str]:
    return [str(version) for version in sorted(kubernetes_versions(pieces, architecture, WHERE))]


def pieces_of(index: bytes, size: int) -> list[bytes]:
    return [index[at : at + size] for at in range(0, len(index), size)]


@pytest.mark.parametrize(
    ("debian", "kubernetes"),
    [
        ("1.28.3-1.1", "v1.28.3"),  # pkgs.k8s.io
        ("1:1.28.3-1.1", "v1.28.3"),  # an epoch
        ("1.27.3-00", "v1.27.3"),  # the old packages.cloud.google.com
        ("1.27.3", "v1.27.3"),  # no revision
        ("1.30.0~rc.1-1.1", "v1.30.0-rc.1"),
        ("1.30.0~alpha.3-150500.1.1", "v1.30.0-alpha.3"),
        ("1.6.0-beta.3-00", "v1.6.0-beta.3"),  # the old repository wrote prereleases so
        ("1.34.1+rke2r1-2", "v1.34.1+rke2r1"),
        ("v1.34.1-1", "v1.34.1"),
        ("1.34.10-1.1~deb12u1", "v1.34.10"),
    ],
)
def test_a_debian_version_is_a_kubernetes_version(debian: str, kubernetes: str) -> None:
    assert str(kubernetes_version(debian, WHERE)) == kubernetes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.34-1.1", "the kubeadm paragraph that begins here has the version '1.34-1.1'; 'v1.34' is no version: "),
        ("latest", "the kubeadm paragraph that begins here has the version 'latest'; 'vlatest' is no version: "),
        ("1.34.1 1", "the kubeadm paragraph that begins here has the version '1.34.1 1'; it is no Debian version."),
        ("a:1.34.1", "the kubeadm paragraph that begins here has the version 'a:1.34.1'; it is no Debian version."),
        ("1" * 500, f"the kubeadm paragraph that begins here has the version '{'1' * 80}...'; 'v1"),
    ],
)
def test_a_version_that_is_none(text: str, message: str) -> None:
    with pytest.raises(InvalidSourceVersion) as caught:
        kubernetes_version(text, WHERE)
    assert caught.value.message.startswith(message)
    assert caught.value.remedy == "Ask whoever runs the repository to correct it; until then nothing of it is used."


def test_only_kubeadm_of_the_architecture_or_of_all_counts() -> None:
    index = "\n".join(
        [
            paragraph("1.34.2-1.1"),
            paragraph("1.34.1-1.1", architecture="all"),
            paragraph("1.34.3-1.1", architecture="arm64"),
            paragraph("1.34.4-1.1", package="kubelet"),
            paragraph("1.34.5-1.1", package="kubeadm-extras"),
            paragraph("no version", architecture="s390x"),
            paragraph("no version", package="cri-tools"),
        ]
    )
    assert read(index.encode()) == ["v1.34.1", "v1.34.2"]
    assert read(index.encode(), architecture="arm64") == ["v1.34.1", "v1.34.3"]


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b"\n",
        b"\n \n\t\r\n",
        packages("1.34.1-1.1", architectures=["arm64"]),
    ],
)
def test_an_index_without_the_package_has_no_versions(index: bytes) -> None:
    assert read(index) == []


@pytest.mark.parametrize(
    "index",
    [
        b"Package: kubeadm\nVersion: 1.34.1-1\nArchitecture: amd64",
        b"Package: kubeadm\nVersion: 1.34.1-1\nArchitecture: amd64\n\n\n\n",
        b"\n\n \nPackage: kubeadm\nVersion: 1.34.1-1\nArchitecture: amd64\n",
        b"Package: kubeadm\r\nVersion: 1.34.1-1\r\nArchitecture: amd64\r\n\r\nPackage: x\r\n\r\n",
        b"Package: x\n \t\n \nPackage: kubeadm\nVersion: 1.34.1-1\nArchitecture: amd64\n",
        b"package:\tkubeadm \nVERSION:1.34.1-1\narchitecture: amd64\n",
        b"Architecture: amd64\nDescription: a b\n Version: 9.9.9\nVersion: 1.34.1-1\nPackage: kubeadm\n",
        b"Package: kubeadm\nVersion: 1.34.1-1\nArchitecture: amd64\nMaintainer: \xc3\x84nne\n",
        b"Package: x\nMaintainer: \xff\n\nPackage: kubeadm\nVersion: 1.34.1-1\nArchitecture: amd64\n",
    ],
)
def test_forms_of_the_same(index: bytes) -> None:
    assert read(index) == ["v1.34.1"]
    assert read(*pieces_of(index, 1)) == ["v1.34.1"]


@given(st.lists(st.integers(0, 300), max_size=8), st.integers(1, 64), st.sampled_from(["\n", "\n\n", "\n \t\n"]))
def test_where_the_index_is_cut_does_not_matter(patches: list[int], size: int, separator: str) -> None:
    index = separator.join(paragraph(f"1.34.{patch}-1.1") for patch in patches).encode()
    assert kubernetes_versions(pieces_of(index, size), "amd64", WHERE) == {
        Version.parse(f"v1.34.{patch}") for patch in patches
    }


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_an_error_of_ours_or_an_index(content: bytes, size: int) -> None:
    for index in (content, b"Package: kubeadm\n" + content, paragraph("1.34.1-1").encode() + b"\n" + content):
        whole, cut = outcome([index]), outcome(pieces_of(index, size))
        assert whole == cut


def outcome(pieces: list[bytes]) -> object:
    try:
        return kubernetes_versions(pieces, "amd64", WHERE)
    except SourceError as error:
        return type(error), str(error)


GOOD = packages("1.34.1-1.1").decode()
BEGIN = GOOD.count("\n") + 2


@pytest.mark.parametrize(
    ("index", "kind", "message"),
    [
        (
            "<!DOCTYPE html>\n<html>\n\n</html>",
            NotAnIndex,
            (
                ":1: the file is an HTML or XML page: its paragraphs do not begin with a field and a colon. "
                "Open the URL in a browser: it may be a login page, or an error page with status 200."
            ),
        ),
        (
            "no such repository",
            NotAnIndex,
            (
                ":1: the file is not an index of packages: its paragraphs do not begin with a field and a colon. "
                "Open the URL in a browser: it may be a login page, or an error page with status 200."
            ),
        ),
        (
            f"{GOOD}\nOrigin: x\nSuite: stable\n",
            NotAnIndex,
            (
                f":{BEGIN}: the paragraph that begins here names no package. "
                "Give the URL of a Packages file, or of the folder that holds it."
            ),
        ),
        (
            f"{GOOD}\nPackage: kubeadm\nArchitecture: amd64\n",
            NotAnIndex,
            (
                f":{BEGIN}: the kubeadm paragraph that begins here has no Version. "
                "Ask whoever runs the repository to correct it."
            ),
        ),
        (
            f"{GOOD}\nPackage: kubeadm\nVersion: 1.34.1-1\nArchitecture:\n\nPackage: x\n",
            NotAnIndex,
            (
                f":{BEGIN}: the kubeadm paragraph that begins here has no Architecture. "
                "Ask whoever runs the repository to correct it."
            ),
        ),
        (
            f"{GOOD}\nPackage: kubeadm\nVersion: 1.34.1-1\nArchi",
            IndexTruncated,
            f":{BEGIN}: the index ends in the middle of a kubeadm paragraph. Try again later.",
        ),
        (
            f"{GOOD}\n\n\n{paragraph('1.34.x-1')}\n{paragraph('1.34.3-1')}",
            InvalidSourceVersion,
            (
                f":{BEGIN + 2}: the kubeadm paragraph that begins here has the version '1.34.x-1'; "
                "'v1.34.x' is no version: "
            ),
        ),
        (
            f"{GOOD}\nPackage: kubeadm\nX: {'x' * MIB}\n",
            IndexTooLarge,
            (
                f":{BEGIN}: a kubeadm paragraph has more than 1 MiB, which is the limit. "
                "Ask whoever runs the repository to correct it."
            ),
        ),
        (
            f"{GOOD}\nX: {'x' * MIB}\nPackage: kubeadm\n",
            IndexTooLarge,
            (
                f":{BEGIN}: a kubeadm paragraph has more than 1 MiB, which is the limit. "
                "Ask whoever runs the repository to correct it."
            ),
        ),
        (
            " " * (MIB + 1),
            NotAnIndex,
            (
                ":1: the file is not an index of packages: its paragraphs do not begin with a field and a colon. "
                "Open the URL in a browser: it may be a login page, or an error page with status 200."
            ),
        ),
        (
            "Package: kubeadm\nVersion: 1.34.1-1\nArchitecture: arm64\n\n" * (PARAGRAPHS_LIMIT + 1),
            IndexTooLarge,
            (
                f":{PARAGRAPHS_LIMIT * 4 + 1}: the index has more than 20,000 kubeadm paragraphs, which is the limit. "
                "Use a repository with fewer versions, such as one of a single minor."
            ),
        ),
    ],
    ids=range(11),
)
def test_what_is_no_index(index: str, kind: type[SourceError], message: str) -> None:
    with pytest.raises(kind) as caught:
        read(index.encode())
    assert str(caught.value).startswith(f"https://example.com/Packages{message}")


def test_a_paragraph_that_is_not_utf_8() -> None:
    with pytest.raises(NotAnIndex) as caught:
        read(b"Package: kubeadm\nVersion: 1.34.1-1\nArchitecture: amd64\nMaintainer: \xff\n")
    assert caught.value.message == "the kubeadm paragraph that begins here is not UTF-8."


@pytest.mark.parametrize("size", [1000, MIB // 4, 8 * MIB])
@pytest.mark.parametrize("separator", [b"\n", b" \n", b" " * 5_000 + b"\n"])
def test_a_huge_paragraph_of_another_package_is_passed_over(size: int, separator: bytes) -> None:
    huge = b"Package: other\nProvides: " + b"librust (= 1), " * 200_000 + b"\n x\n" + separator
    good = paragraph("1.34.1-1").encode() + b"\n" + huge + paragraph("1.34.2-1").encode() + b"\n"
    bad = good + paragraph("x-1").encode()
    assert read(*pieces_of(good, size)) == ["v1.34.1", "v1.34.2"]
    with pytest.raises(InvalidSourceVersion) as caught:
        read(*pieces_of(bad, size))
    assert caught.value.where.line == good.count(b"\n") + 1


def test_an_index_may_end_within_a_huge_paragraph() -> None:
    assert read(b"Package: other\nX: " + b"x" * 2 * MIB, b"y" * 100) == []
