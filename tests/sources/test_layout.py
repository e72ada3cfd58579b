"""Which files a URL stands for."""

from __future__ import annotations

import pytest

from gitops_upgrader.errors import InvalidSourceURL
from gitops_upgrader.sources.layout import INDEX_NAMES, locate

HOST = "https://example.com"


@pytest.mark.parametrize(
    ("path", "indexes", "releases"),
    [
        (
            "/core:/stable:/v1.34/deb/",
            [f"/core:/stable:/v1.34/deb/{name}" for name in INDEX_NAMES],
            ["/core:/stable:/v1.34/deb/"],
        ),
        ("/deb", [f"/deb/{name}" for name in INDEX_NAMES], ["/deb/"]),
        ("", [f"/{name}" for name in INDEX_NAMES], ["/"]),
        ("/", [f"/{name}" for name in INDEX_NAMES], ["/"]),
        ("/deb/Packages", ["/deb/Packages"], ["/deb/"]),
        ("/deb/Packages.gz", ["/deb/Packages.gz"], ["/deb/"]),
        ("/Packages.xz", ["/Packages.xz"], ["/"]),
        (
            "/apt/dists/kubernetes-xenial/main/",
            [f"/apt/dists/kubernetes-xenial/main/binary-amd64/{name}" for name in INDEX_NAMES],
            ["/apt/dists/kubernetes-xenial/"],
        ),
        (
            "/dists/stable/updates/main",
            [f"/dists/stable/updates/main/binary-amd64/{name}" for name in INDEX_NAMES],
            ["/dists/stable/updates/", "/dists/stable/"],
        ),
        (
            "/dists/stable/main/binary-arm64/",
            [f"/dists/stable/main/binary-arm64/{name}" for name in INDEX_NAMES],
            ["/dists/stable/"],
        ),
        (
            "/dists/stable/main/binary-amd64/Packages.gz",
            ["/dists/stable/main/binary-amd64/Packages.gz"],
            ["/dists/stable/"],
        ),
        ("/dists/stable/Packages", ["/dists/stable/Packages"], ["/dists/stable/"]),
        ("/dists/binary-amd64/Packages", ["/dists/binary-amd64/Packages"], ["/dists/binary-amd64/"]),
        (
            "/dists/mirror/dists/stable/main/",
            [f"/dists/mirror/dists/stable/main/binary-amd64/{name}" for name in INDEX_NAMES],
            ["/dists/mirror/dists/stable/"],
        ),
    ],
)
def test_it_finds(path: str, indexes: list[str], releases: list[str]) -> None:
    layout = locate(HOST + path, "amd64")
    assert [layout.index(name) for name in layout.names] == [HOST + index for index in indexes]
    assert [layout.release(folder, "InRelease") for folder in layout.release_folders] == [
        f"{HOST}{folder}InRelease" for folder in releases
    ]


def test_a_query_stays_on_every_file() -> None:
    layout = locate("https://example.com/deb/?sig=a%2Fb", "amd64")
    assert layout.index("Packages.gz") == "https://example.com/deb/Packages.gz?sig=a%2Fb"
    assert layout.release("/deb/", "InRelease") == "https://example.com/deb/InRelease?sig=a%2Fb"


def test_a_release_file_lists_paths_below_itself() -> None:
    nested = locate(f"{HOST}/dists/stable/main/", "amd64")
    assert nested.listed_as("/dists/stable/", "Packages") == "main/binary-amd64/Packages"
    flat = locate(f"{HOST}/deb/Packages.xz", "amd64")
    assert flat.listed_as("/deb/", "Packages.xz") == "Packages.xz"
    escaped = locate(f"{HOST}/dists/stable/a%2Bb/", "amd64")
    assert escaped.listed_as("/dists/stable/", "Packages") == "a+b/binary-amd64/Packages"


def test_an_architecture_stays_one_folder() -> None:
    assert locate(f"{HOST}/dists/a/b/", "../../x").folder == "/dists/a/b/binary-..%2F..%2Fx/"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "/deb/Packages.bz2",
            (
                "https://example.com/deb/Packages.bz2: Packages.bz2 is compressed in a way that is not read. "
                "Name one of Packages.xz, Packages.gz, Packages, or the folder that holds it."
            ),
        ),
        (
            "/dists/",
            (
                "https://example.com/dists/: the URL names a folder of `dists` without a component. "
                "Add the suite and the component, often dists/stable/main/."
            ),
        ),
        (
            "/dists/stable",
            (
                "https://example.com/dists/stable: the URL names a folder of `dists` without a component. "
                "Add the suite and the component, often dists/stable/main/."
            ),
        ),
    ],
)
def test_it_refuses(path: str, message: str) -> None:
    with pytest.raises(InvalidSourceURL) as caught:
        locate(HOST + path, "amd64")
    assert str(caught.value) == message
