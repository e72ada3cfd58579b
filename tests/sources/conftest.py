"""A site on loopback, a transport, and keys."""

from __future__ import annotations

from collections.abc import Iterator

import pysequoia
import pytest

from gitops_upgrader.sources.httpfetch import HttpFetch
from tests.debian import Site, serve


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as running:
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
