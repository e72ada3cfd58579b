"""One repository in every form, and everything that can be wrong with it: a real server, real signatures."""

from __future__ import annotations

import gzip
import subprocess
import sys
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pysequoia
import pytest

from gitops_upgrader.errors import (
    BadSignature,
    HashMismatch,
    IndexTooLarge,
    IndexTruncated,
    InvalidRelease,
    InvalidSourceVersion,
    NotAnIndex,
    NotListedInRelease,
    NotSigned,
    ReleaseExpired,
    ReleaseNotYetValid,
    SigningKeyExpired,
    SourceError,
    SourceNotFound,
    SourceRefused,
    SourceTimeout,
    SourceUnreachable,
    UnknownSigningKey,
    WeakHash,
)
from gitops_upgrader.sources import notice
from gitops_upgrader.sources.fetch import MIB
from gitops_upgrader.sources.httpfetch import HttpFetch
from tests.debian import NOW, Site, clear_signed, detached, dists, flat, packages, packed, release
from tests.sources.looks import INDEX, VERSIONS, look, query, texts


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("/core:/stable:/v1.34/deb/", {"names": ["Packages.gz", "Packages"]}),
        ("/core:/stable:/v1.34/deb", {"names": ["Packages"]}),
        ("/core:/stable:/v1.34/deb/Packages", {"names": ["Packages.gz", "Packages"]}),
        ("/core:/stable:/v1.34/deb/Packages.gz", {"names": ["Packages.gz", "Packages"]}),
        ("/core:/stable:/v1.34/deb/Packages.xz", {"names": ["Packages.xz"]}),
    ],
)
def test_a_flat_repository(
    path: str, files: dict[str, list[str]], signed: bool, site: Site, key: pysequoia.Tsk, keyring: bytes
) -> None:
    keys = [key] if signed else []
    site.files = flat("/core:/stable:/v1.34/deb/", INDEX, *keys, names=files["names"])
    noticed = look(query(site, path, keyring=keyring if signed else None))
    assert texts(noticed) == VERSIONS
    assert not noticed.not_modified


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("name", ["Packages", "Packages.gz", "Packages.xz"])
@pytest.mark.parametrize("suite", ["stable", "stable/updates"])
@pytest.mark.parametrize("tail", ["", "binary-amd64/", "binary-amd64/{name}"])
def test_a_repository_with_suites(
    tail: str, suite: str, name: str, signed: bool, site: Site, key: pysequoia.Tsk, keyring: bytes
) -> None:
    keys = [key] if signed else []
    site.files = dists("/apt/", suite, "main", INDEX, *keys, names=[name])
    noticed = look(
        query(site, f"/apt/dists/{suite}/main/{tail.format(name=name)}", keyring=keyring if signed else None)
    )
    assert texts(noticed) == VERSIONS


def test_a_release_file_with_a_detached_signature(site: Site, key: pysequoia.Tsk, keyring: bytes) -> None:
    site.files = flat("/deb/", INDEX)
    listing = release({"Packages.gz": site.files["/deb/Packages.gz"]})
    site.files |= {"/deb/Release": listing, "/deb/Release.gpg": detached(listing, key)}
    site.status("/deb/InRelease", 403)
    assert texts(look(query(site, "/deb/", keyring=keyring))) == VERSIONS


def test_an_object_store_says_forbidden_where_there_is_nothing(site: Site) -> None:
    site.files = flat("/deb/", INDEX, names=["Packages.gz"])
    site.status("/deb/Packages.xz", 403)
    assert texts(look(query(site, "/deb/"))) == VERSIONS
    assert site.paths == ["/deb/Packages.xz", "/deb/Packages.gz"]


def test_a_listed_form_that_is_not_there_is_passed_over(site: Site, key: pysequoia.Tsk, keyring: bytes) -> None:
    site.files = flat("/deb/", INDEX, key, names=["Packages.xz", "Packages.gz"])
    del site.files["/deb/Packages.xz"]
    assert texts(look(query(site, "/deb/", keyring=keyring))) == VERSIONS


def test_an_empty_repository_has_no_versions(site: Site) -> None:
    site.files = flat("/deb/", b"")
    assert look(query(site, "/deb/")).versions == ()


def mirror_update(site: Site, key: pysequoia.Tsk) -> None:
    site.files["/deb/Packages.gz"] = gzip.compress(packages("9.9.9-1"), mtime=0)


def same_size(site: Site, key: pysequoia.Tsk) -> None:
    name = "/deb/Packages.gz"
    site.files[name] = site.files[name][:-1] + b"\xff"


def no_signature(site: Site, key: pysequoia.Tsk) -> None:
    site.files["/deb/Release"] = release({})
    del site.files["/deb/InRelease"]


def not_listed(site: Site, key: pysequoia.Tsk) -> None:
    site.files["/deb/InRelease"] = clear_signed(release({"Sources.gz": b""}), key)


def listed_weakly(site: Site, key: pysequoia.Tsk) -> None:
    site.files["/deb/InRelease"] = clear_signed(
        release({"Packages.gz": site.files["/deb/Packages.gz"]}, lists=["SHA1"]), key
    )


def expired(site: Site, key: pysequoia.Tsk) -> None:
    site.files["/deb/InRelease"] = clear_signed(release({"Packages.gz": b""}, valid_until=NOW), key)


def from_tomorrow(site: Site, key: pysequoia.Tsk) -> None:
    site.files["/deb/InRelease"] = clear_signed(release({"Packages.gz": b""}, date=NOW + timedelta(days=1)), key)


def no_release_file(site: Site, key: pysequoia.Tsk) -> None:
    site.files["/deb/InRelease"] = clear_signed(b"hello\n", key)


def changed(site: Site, key: pysequoia.Tsk) -> None:
    site.files["/deb/InRelease"] = site.files["/deb/InRelease"].replace(b"Suite: stable", b"Suite: evil!!")


def injected(site: Site, key: pysequoia.Tsk) -> None:
    """An attacker's list before and after what is signed, and the index to it."""
    forged = gzip.compress(packages("9.9.9-1"), mtime=0)
    around = release({"Packages.gz": forged})
    site.files["/deb/Packages.gz"] = forged
    site.files["/deb/InRelease"] = around + b"\n" + site.files["/deb/InRelease"] + b"\n" + around


def another_key(site: Site, key: pysequoia.Tsk) -> None:
    other = pysequoia.Tsk.generate("Another <another@example.com>")
    site.files["/deb/InRelease"] = clear_signed(release({"Packages.gz": b""}), other)


def no_index(site: Site, key: pysequoia.Tsk) -> None:
    del site.files["/deb/Packages.gz"], site.files["/deb/Packages"]


def unreachable(site: Site, key: pysequoia.Tsk) -> None:
    site.status("/deb/InRelease", 502)


@pytest.mark.parametrize(
    ("spoil", "kind", "at"),
    [
        (mirror_update, HashMismatch, "Packages.gz"),
        (same_size, HashMismatch, "Packages.gz"),
        (injected, HashMismatch, "Packages.gz"),
        (no_signature, NotSigned, ""),
        (not_listed, NotListedInRelease, "InRelease"),
        (listed_weakly, WeakHash, "InRelease"),
        (expired, ReleaseExpired, "InRelease"),
        (from_tomorrow, ReleaseNotYetValid, "InRelease"),
        (no_release_file, InvalidRelease, "InRelease"),
        (changed, BadSignature, "InRelease"),
        (another_key, UnknownSigningKey, "InRelease"),
        (no_index, SourceNotFound, ""),
        (unreachable, SourceUnreachable, "InRelease"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_signed_repository_that_is_spoiled(
    spoil: object, kind: type[SourceError], at: str, site: Site, key: pysequoia.Tsk, keyring: bytes
) -> None:
    site.files = flat("/deb/", INDEX, key)
    assert callable(spoil)
    spoil(site, key)
    with pytest.raises(SourceError) as caught:
        look(query(site, "/deb/", keyring=keyring))
    assert type(caught.value) is kind
    assert caught.value.where.file == f"{site.url}/deb/{at}"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            mirror_update,
            (
                "/deb/Packages.gz: the index has {size} bytes where the signed Release file lists {listed}. "
                "Try again later, as a mirror may be in the middle of an update; if it stays so, do not trust it."
            ),
        ),
        (
            same_size,
            (
                "/deb/Packages.gz: the index has another SHA256 than the signed Release file lists. "
                "Try again later, as a mirror may be in the middle of an update; if it stays so, do not trust it."
            ),
        ),
        (
            no_signature,
            (
                "/deb/: the repository is not signed: there is neither InRelease, nor Release with Release.gpg, "
                "in /deb/ of that server. Name a signed repository, or take signedBy out if you need no proof."
            ),
        ),
    ],
    ids=["size", "digest", "unsigned"],
)
def test_what_it_says(spoil: object, message: str, site: Site, key: pysequoia.Tsk, keyring: bytes) -> None:
    site.files = flat("/deb/", INDEX, key)
    listed = len(site.files["/deb/Packages.gz"])
    assert callable(spoil)
    spoil(site, key)
    with pytest.raises(SourceError) as caught:
        look(query(site, "/deb/", keyring=keyring))
    size = len(site.files["/deb/Packages.gz"])
    assert str(caught.value) == site.url + message.format(size=size, listed=listed)


def test_a_key_that_has_expired_today(site: Site) -> None:
    key = pysequoia.Tsk.generate("Short <short@example.com>", validity_seconds=24 * 3600)
    site.files = flat("/deb/", INDEX, key)
    asked = query(site, "/deb/", keyring=bytes(key.extract_certificate()))
    assert texts(look(asked)) == VERSIONS
    expires = key.extract_certificate().expiration
    assert expires is not None
    with pytest.raises(SigningKeyExpired):
        notice(asked, fetch=HttpFetch(), known=None, now=expires)


@pytest.mark.parametrize(
    ("content", "kind", "where"),
    [
        (b"<!DOCTYPE html>\n<html></html>\n", NotAnIndex, "/deb/Packages:1"),
        (packages("1.34.1-1.1", "latest"), InvalidSourceVersion, "/deb/Packages:67"),
        (b"Package: kubeadm\nVersion: 1.3", IndexTruncated, "/deb/Packages:1"),
    ],
)
def test_an_index_that_is_wrong(content: bytes, kind: type[SourceError], where: str, site: Site) -> None:
    site.files = flat("/deb/", content)
    with pytest.raises(kind) as caught:
        look(query(site, "/deb/Packages"))
    assert str(caught.value.where) == site.url + where


def test_an_index_that_may_have_been_cut_is_not_believed(site: Site) -> None:
    head = b"HTTP/1.0 200 OK\r\n\r\n"
    whole = b"Package: kubeadm\nArchitecture: amd64\nVersion: 1.34.10\n"
    for content in (whole[:-2], b"", whole):
        site.raw("/Packages", head + content)
        if content == whole:
            assert texts(look(query(site, "/Packages"))) == ["v1.34.10"]
            continue
        with pytest.raises(IndexTruncated) as caught:
            look(query(site, "/Packages"))
        assert caught.value.message == (
            "the index does not end with a line, and the server did not say how long it is."
        )


def test_compression_by_the_server(site: Site) -> None:
    def send(handler: BaseHTTPRequestHandler) -> None:
        content = packed("Packages.gz", INDEX)
        handler.send_response(200)
        handler.send_header("Content-Encoding", "x-gzip")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    site.answers = {"/Packages": send, "/Packages.gz": send}
    assert texts(look(query(site, "/Packages.gz"))) == VERSIONS  # Apache calls a .gz file so
    with pytest.raises(NotAnIndex) as caught:
        look(query(site, "/Packages"))
    assert caught.value.message == (
        "the server sends Packages with Content-Encoding 'x-gzip', which was not asked for."
    )


@pytest.mark.parametrize(
    ("statuses", "kind", "message"),
    [
        ((404, 404, 404), SourceNotFound, "the server answers 404 Not Found: there is no such file."),
        ((403, 404, 403), SourceNotFound, "the server answers 404 Not Found: there is no such file."),
        (
            (403, 403, 403),
            SourceRefused,
            "the server answers 403 Forbidden: the file is not for us, or there is none and it does not say so.",
        ),
    ],
)
def test_a_folder_without_an_index(
    statuses: tuple[int, ...], kind: type[SourceError], message: str, site: Site
) -> None:
    for name, status in zip(("Packages.xz", "Packages.gz", "Packages"), statuses, strict=True):
        site.status(f"/deb/{name}", status)
    with pytest.raises(SourceError) as caught:
        look(query(site, "/deb/"))
    assert type(caught.value) is kind
    assert str(caught.value) == (
        f"{site.url}/deb/: none of Packages.xz, Packages.gz, Packages can be read here: {message} "
        "Correct the URL: name the folder that holds the index, or dists/<suite>/<component>/."
    )


def test_a_file_that_is_not_there(site: Site) -> None:
    with pytest.raises(SourceNotFound) as caught:
        look(query(site, "/deb/Packages"))
    assert str(caught.value.where) == f"{site.url}/deb/Packages"


def test_all_files_of_a_repository_share_its_time(site: Site) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        site.closing.wait(0.3)
        handler.send_error(404)

    site.answers = {f"/deb/{name}": slow for name in ("Packages.xz", "Packages.gz", "Packages")}
    with pytest.raises(SourceTimeout):
        look(query(site, "/deb/", timeout=0.45))


BOMB = """
import resource, sys
from datetime import UTC, datetime
from gitops_upgrader.errors import IndexTooLarge
from gitops_upgrader.sources import DebianQuery, notice
from gitops_upgrader.sources.httpfetch import HttpFetch
import debian.deb822, debian.debian_support

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = peak()
try:
    notice(DebianQuery((sys.argv[1],), "amd64", timeout=280), fetch=HttpFetch(), known=None, now=datetime.now(UTC))
except IndexTooLarge as error:
    print(peak() - before, error.message, sep="|")
"""


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (b"Package: other\nX: " + b"x" * 4000 + b"\n\n", "the index unpacks to more than 512 MiB"),
        (b"Package: other\nX: " + b"x" * MIB + b"\n", "the index unpacks to more than 512 MiB"),
        (packages("1.34.1-1.1") + b"\n", "the index has more than 20,000 kubeadm paragraphs"),
    ],
    ids=["paragraphs", "one paragraph", "versions"],
)
def test_a_bomb_needs_little_memory(member: bytes, message: str, site: Site) -> None:
    site.files["/Packages.gz"] = gzip.compress(member * (64 * MIB // len(member)), 1) * 10
    result = subprocess.run(
        [sys.executable, "-c", BOMB, f"{site.url}/Packages.gz"], capture_output=True, text=True, check=True
    )
    grown, said = result.stdout.strip().split("|")
    assert said.startswith(message)
    assert int(grown) < 100 * 1024  # kilobytes


def test_a_packed_index_that_is_too_large(site: Site) -> None:
    site.raw("/Packages.gz", b"HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n")
    with pytest.raises(IndexTooLarge, match="the file is larger than 64 MiB"):
        look(query(site, "/Packages.gz"))
