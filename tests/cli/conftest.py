"""A fleet, a folder of custom resources, and the command line in the same folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_upgrader.reconcilers.attempts import Patience
from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is not tried again after a while: nobody here mends it meanwhile."""
    monkeypatch.setattr(Patience, "_delays", lambda _: iter(()))


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A repository `fleet.git` with dev and prod at v1.33.5, and `upgrades/` that wants v1.34.2 for prod."""
    monkeypatch.chdir(tmp_path)
    made = Fleet(tmp_path)
    made.clusters(dev="v1.33.5", prod="v1.33.5")
    made.usual("prod")
    return made


@pytest.fixture
def gitops_upgrader(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line, in the fleet's folder."""
    return CommandLine(capsys, fleet.folder)
