"""Sites on loopback, a transport, and keys."""

from __future__ import annotations

import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pysequoia
import pytest
import trustme

from gitops_upgrader.sources.httpfetch import HttpFetch
from tests.debian import Site, serve
from tests.need import need
from tests.sources.gnupg import Gpg


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as running:
        yield running


@pytest.fixture
def tls_site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with serve(tls=context) as running:
        yield running


@pytest.fixture
def fetch() -> HttpFetch:
    return HttpFetch()


@pytest.fixture(scope="session")
def key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Repository <repository@example.com>")


@pytest.fixture(scope="session")
def other_key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Somebody else <else@example.com>")


@pytest.fixture(scope="session")
def keyring(key: pysequoia.Tsk) -> bytes:
    return str(key.extract_certificate()).encode()


@pytest.fixture
def gpg() -> Iterator[Gpg]:
    with tempfile.TemporaryDirectory(prefix="g") as folder:  # not tmp_path: gpg-agent's socket must have a short path
        home = Path(folder) / "h"
        yield Gpg(home)
        subprocess.run([need("gpgconf"), "--homedir", home, "--kill", "all"], check=True)
