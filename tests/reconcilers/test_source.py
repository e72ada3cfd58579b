"""A source that cannot be read or trusted: its status names the reason, and the versions already known stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pysequoia
import pytest

from gitops_upgrader.api import API_VERSION, DebianRepositorySource
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import source
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.scope import Result, Scope
from gitops_upgrader.sources.httpfetch import HttpFetch
from gitops_upgrader.stores.directory import DirectoryStore
from tests.debian import NOW, Site, clear_signed, flat, packages, release, serve
from tests.pulls.people import Clock

KEY = ObjectKey(GROUP, "DebianRepositorySource", "fleet", "packages")
VERSIONS = ["v1.33.5", "v1.34.2"]
INDEX = packages("1.33.5-1.1", "1.34.2-1.1")


@dataclass
class Watched:
    """A source whose status lasts from one look to the next, and the site that it looks at."""

    site: Site
    key: pysequoia.Tsk
    store: DirectoryStore
    clock: Clock

    def look(self, **later: float) -> Result:
        """One reconcile, some time later."""
        self.clock.advance(**(later or {"minutes": 10}))
        found = self.store.get(KEY)
        assert found is not None
        return source.reconcile(Scope(self.store, self.clock, HttpFetch()), read(found, DebianRepositorySource))

    @property
    def status(self) -> Mapping[str, Any]:
        """The status as the last look left it."""
        found = self.store.get(KEY)
        assert found is not None
        return found.status

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions in short."""
        return {one["type"]: f"{one['status']} {one['reason']}" for one in self.status["conditions"]}


def watched(site: Site, key: pysequoia.Tsk, spec: Mapping[str, Any]) -> Watched:
    store = DirectoryStore()
    store.create(
        {
            "apiVersion": API_VERSION,
            "kind": KEY.kind,
            "metadata": {"name": KEY.name, "namespace": KEY.namespace},
            "spec": {"architecture": "amd64", **spec},
        }
    )
    return Watched(site, key, store, Clock(NOW))


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Repository <repository@example.com>", validity_seconds=24 * 3600)


@pytest.fixture
def signed(site: Site, key: pysequoia.Tsk) -> Watched:
    """A signed repository that has been read once."""
    site.files = flat("/deb/", INDEX, key, names=["Packages.gz"])
    made = watched(site, key, {"url": f"{site.url}/deb/", "signedBy": {"key": str(key.extract_certificate())}})
    assert made.look().problem is None
    return made


@pytest.fixture
def plain(site: Site, key: pysequoia.Tsk) -> Watched:
    """An index without a signature that has been read once."""
    site.files = {"/Packages": INDEX}
    made = watched(site, key, {"url": f"{site.url}/Packages"})
    assert made.look().problem is None
    return made


def _changed(of: Watched) -> None:
    of.site.files["/deb/InRelease"] = of.site.files["/deb/InRelease"].replace(b"Suite: stable", b"Suite: evil!!")


def _expired(of: Watched) -> None:
    files = {"Packages.gz": of.site.files["/deb/Packages.gz"]}
    of.site.files["/deb/InRelease"] = clear_signed(release(files, valid_until=NOW), of.key)


def _other_hash(of: Watched) -> None:
    """The signed file lists another index than the one that is there."""
    of.site.files["/deb/InRelease"] = clear_signed(release({"Packages.gz": b"another one"}), of.key)


def _another_key(of: Watched) -> None:
    of.site.files |= flat("/deb/", INDEX, pysequoia.Tsk.generate("Another <a@example.com>"), names=["Packages.gz"])


def _no_signature(of: Watched) -> None:
    del of.site.files["/deb/InRelease"]


def _fails(spoiled: Watched, reason: str, *, transient: bool = False, **later: float) -> None:
    """A look fails for this reason, and what was known stays; a good look afterwards finds it unchanged."""
    before = spoiled.status
    result = spoiled.look(**later)
    assert (result.reason, result.problem.transient if result.problem else None) == (reason, transient)
    assert {name: spoiled.status[name] for name in ("versions", "lastChangeTime", "etag")} == {
        name: before[name] for name in ("versions", "lastChangeTime", "etag")
    }
    assert spoiled.status["versions"] == VERSIONS
    expected = {"Ready": f"False {reason}"} | ({} if transient else {"Stalled": f"True {reason}"})
    assert spoiled.conditions == expected


@pytest.mark.parametrize(
    ("spoil", "reason", "transient"),
    [
        (_changed, "BadSignature", False),
        (_expired, "ReleaseExpired", False),
        (_other_hash, "HashMismatch", True),
        (_another_key, "UnknownSigningKey", False),
        (_no_signature, "NotSigned", False),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_trusted_changes_nothing(
    spoil: Callable[[Watched], None], reason: str, transient: bool, signed: Watched
) -> None:
    files = dict(signed.site.files)
    since = signed.status["lastChangeTime"]
    spoil(signed)
    _fails(signed, reason, transient=transient)

    signed.site.files = files

    assert signed.look().problem is None
    assert signed.conditions == {"Ready": "True Succeeded"}
    assert (signed.status["versions"], signed.status["lastChangeTime"]) == (VERSIONS, since)


def test_a_key_that_expires_today_is_not_trusted_any_more(signed: Watched) -> None:
    files = {"Packages.gz": signed.site.files["/deb/Packages.gz"], "more": b""}
    signed.site.files["/deb/InRelease"] = clear_signed(release(files), signed.key)
    _fails(signed, "SigningKeyExpired", hours=48)  # the key was made after NOW: later on a slow machine


@pytest.mark.parametrize(
    ("content", "reason", "transient"),
    [
        (b"<!DOCTYPE html>\n<html></html>\n", "NotAnIndex", False),
        (INDEX + b"\n" + packages("latest"), "InvalidSourceVersion", False),
    ],
)
def test_an_index_that_is_none_changes_nothing(content: bytes, reason: str, transient: bool, plain: Watched) -> None:
    plain.site.files["/Packages"] = content
    _fails(plain, reason, transient=transient)


def test_an_index_that_ends_too_early_changes_nothing(plain: Watched) -> None:
    plain.site.raw("/Packages", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + INDEX)
    _fails(plain, "IndexTruncated", transient=True)


def test_a_site_that_is_down_changes_nothing(plain: Watched) -> None:
    plain.site.status("/Packages", 503)
    _fails(plain, "SourceUnreachable", transient=True)


def test_an_unchanged_index_is_not_written_again(plain: Watched) -> None:
    before = plain.status
    plain.site.requests.clear()
    assert plain.look().problem is None
    assert plain.status == before
    assert plain.clock() > NOW + timedelta(minutes=15)


def test_new_versions_are_noted_with_their_time(plain: Watched) -> None:
    since = plain.status["lastChangeTime"]
    plain.site.files["/Packages"] = INDEX + b"\n" + packages("1.35.0-1.1")
    assert plain.look().problem is None
    assert plain.status["versions"] == [*VERSIONS, "v1.35.0"]
    assert plain.status["lastChangeTime"] > since


def test_a_repository_without_packages_of_that_architecture_says_what_to_look_at(plain: Watched) -> None:
    plain.site.files["/Packages"] = b""
    assert plain.look().problem is None
    ready = next(one for one in plain.status["conditions"] if one["type"] == "Ready")
    assert ready["message"] == (
        "There is no kubeadm package for the architecture amd64 yet. "
        "Unless one is to come, correct spec.architecture or spec.url."
    )
