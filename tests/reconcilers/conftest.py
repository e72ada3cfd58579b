"""A fleet for every test, and a management cluster for those that ask for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gitserver import git_http_server
from tests.reconcilers.directory import Fleet
from tests.reconcilers.management import Management


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """An empty repository and an empty folder."""
    return Fleet(tmp_path)


@pytest.fixture
def management(fleet: Fleet, tmp_path: Path) -> Iterator[Management]:
    """A management cluster with one Cluster and its upgrader."""
    fleet.clusters(prod="v1.33.5")
    with git_http_server(tmp_path) as git:
        made = Management(fleet, git)
        yield made
        made.workspaces.close()
