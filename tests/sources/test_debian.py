"""Looks at several repositories, and what is known from an earlier look."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pysequoia
import pytest

from gitops_upgrader.errors import InvalidKeyring, InvalidSourceURL, ReleaseExpired, SourceUnreachable
from gitops_upgrader.sources import DebianQuery, Noticed, Validator, Validators, notice
from gitops_upgrader.sources.httpfetch import HttpFetch
from gitops_upgrader.versions import Version
from tests.debian import NOW, Site, clear_signed, flat, packages, release
from tests.sources.looks import INDEX, look, query, texts


def test_repositories_are_merged(site: Site) -> None:
    site.files = flat("/v1.33/deb/", packages("1.33.5-1.1")) | flat("/v1.34/deb/", packages("1.34.1-1.1", "1.33.5-1.1"))
    noticed = look(query(site, "/v1.34/deb/", "/v1.33/deb/", "/v1.34/deb/"))
    assert texts(noticed) == ["v1.33.5", "v1.34.1"]
    assert len(noticed.validators.indexes) == 2


def test_an_unchanged_index_is_not_brought_again(site: Site) -> None:
    site.files = flat("/deb/", INDEX, names=["Packages"])
    asked = query(site, "/deb/")
    first = look(asked)
    site.requests.clear()
    second = look(asked, Noticed(first.versions, Validators.parse(str(first.validators))))
    assert second == replace(first, not_modified=True)
    assert site.paths == ["/deb/Packages"]  # and no other form is tried first


def test_an_unchanged_index_of_a_signed_repository(site: Site, key: pysequoia.Tsk, keyring: bytes) -> None:
    site.files = flat("/deb/", INDEX, key)
    asked = query(site, "/deb/", keyring=keyring)
    first = look(asked)
    site.requests.clear()
    assert look(asked, first) == replace(first, not_modified=True)
    assert site.paths == ["/deb/InRelease"]
    later = NOW + timedelta(days=1)
    site.files["/deb/InRelease"] = clear_signed(
        release({"Packages.gz": site.files["/deb/Packages.gz"]}, valid_until=later), key
    )
    with pytest.raises(ReleaseExpired):
        notice(asked, fetch=HttpFetch(), known=first, now=later)


def test_when_one_of_several_changes_all_are_read(site: Site) -> None:
    site.files = flat("/a/", packages("1.33.5-1.1")) | flat("/b/", packages("1.34.1-1.1"))
    asked = query(site, "/a/", "/b/")
    first = look(asked)
    site.files |= flat("/b/", packages("1.34.2-1.1"))
    second = look(asked, first)
    assert texts(second) == ["v1.33.5", "v1.34.2"]
    assert not second.not_modified
    assert second.validators.indexes[0] == first.validators.indexes[0]
    assert look(asked, second).not_modified


def test_what_is_known_of_another_query_does_not_count(site: Site, key: pysequoia.Tsk, keyring: bytes) -> None:
    site.files = flat("/deb/", packages("1.34.1-1.1", architectures=["amd64"]), key)
    asked = query(site, "/deb/Packages")
    first = look(asked)
    assert not look(query(site, "/deb/Packages", keyring=keyring), first).not_modified
    assert look(replace(asked, architecture="arm64"), first).versions == ()
    assert look(replace(asked, timeout=19), first).not_modified
    broken = Noticed(first.versions, replace(first.validators, indexes=(Validator(),) * 3))
    assert look(asked, broken) == first


def test_a_keyring_is_not_shown(site: Site, keyring: bytes) -> None:
    assert "PGP" not in repr(query(site, "/", keyring=keyring))


def test_a_keyring_that_is_none(site: Site) -> None:
    with pytest.raises(InvalidKeyring):
        look(query(site, "/deb/", keyring=b""))
    assert site.requests == []


def test_one_repository_that_fails_fails_the_look(site: Site) -> None:
    site.files = flat("/a/", INDEX)
    site.status("/b/Packages.xz", 500)
    with pytest.raises(SourceUnreachable) as caught:
        look(query(site, "/a/", "/b/"))
    assert str(caught.value.where) == f"{site.url}/b/Packages.xz"


def test_no_repository_at_all() -> None:
    with pytest.raises(InvalidSourceURL) as caught:
        look(DebianQuery((), "amd64"))
    assert str(caught.value) == "the source names no repository. Set its URL."


def test_versions_are_values_of_the_version_type(site: Site) -> None:
    site.files = flat("/deb/", packages("1.34.1-1.1"))
    assert look(query(site, "/deb/")).versions == (Version.parse("v1.34.1"),)
