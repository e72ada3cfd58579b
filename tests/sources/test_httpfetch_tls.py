"""Whom the transport trusts: certificates, and redirects from one scheme to the other."""

from __future__ import annotations

import os

import pytest

from gitops_upgrader.errors import SchemeRefused, SourceCertificateInvalid, SourceUnreachable
from gitops_upgrader.sources.httpfetch import HttpFetch
from tests.debian import Site
from tests.sources.fetching import bring


def test_tls(tls_site: Site, fetch: HttpFetch) -> None:
    tls_site.files["/a"] = b"secret"
    assert bring(fetch, f"{tls_site.url}/a")[1] == b"secret"


def test_a_certificate_that_nobody_trusts(tls_site: Site, fetch: HttpFetch) -> None:
    del os.environ["REQUESTS_CA_BUNDLE"]
    with pytest.raises(SourceCertificateInvalid) as caught:
        bring(fetch, f"{tls_site.url}/a")
    assert str(caught.value) == (
        f"{tls_site.url}/a: the server's TLS certificate cannot be trusted: "
        "unable to get local issuer certificate. "
        "If it is signed by your own authority, name its file in REQUESTS_CA_BUNDLE."
    )


def test_a_bundle_that_is_not_there(tls_site: Site, fetch: HttpFetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(SourceUnreachable, match="/nowhere/ca\\.pem"):
        bring(fetch, f"{tls_site.url}/a")


def test_tls_where_none_is_spoken(site: Site, fetch: HttpFetch) -> None:
    with pytest.raises(SourceUnreachable):
        bring(fetch, site.url.replace("http:", "https:") + "/a")


def test_from_https_to_http_is_not_followed(tls_site: Site, site: Site, fetch: HttpFetch) -> None:
    tls_site.status("/a", 302, Location=f"{site.url}/b")
    with pytest.raises(SchemeRefused) as caught:
        bring(fetch, f"{tls_site.url}/a")
    assert caught.value.message == (
        f"the server redirects from https to {site.url}/b, which is not followed: anybody on the way could change "
        "what it answers."
    )
    assert site.requests == []


def test_from_http_to_https_is_followed(tls_site: Site, site: Site, fetch: HttpFetch) -> None:
    site.status("/a", 301, Location=f"{tls_site.url}/a")
    tls_site.files["/a"] = b"safe"
    assert bring(fetch, f"{site.url}/a")[1] == b"safe"
