"""The upgraders that the guides show do what the guides say, on a fleet with every place that they name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.cli.run import run
from tests.docs.blocks import ROOT, blocks
from tests.examples.example import repository

FLEET = Path(__file__).with_name("fleet")
PLACES = {
    "docs/guides/argo-cd.md": [2, 2, 2],
    "docs/guides/flux.md": [1, 2],
    "docs/guides/images.md": [4],
    "docs/guides/several-minors.md": [3],
}
"""How many places the upgraders of a guide change, in the order in which they are shown."""


def _upgraders(page: str) -> list[dict[str, Any]]:
    documents = [one for block in blocks(page) if block.language == "yaml" for one in yaml.safe_load_all(block.text)]
    return [one for one in documents if one["kind"] == "ClusterClassClusterUpgrader"]


def test_every_guide_is_here() -> None:
    pages = [str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "guides").glob("*.md")]
    assert {page for page in pages if _upgraders(page)} == set(PLACES)


@pytest.mark.parametrize("page", PLACES)
def test_an_upgrader_changes_the_places_that_it_names(
    page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the versions, the images and the plan of the tutorial; the guides' own are named the same."""
    bare = repository(shutil.copytree(FLEET, tmp_path / "fleet"), tmp_path / "fleet.git")
    found = []
    for number, upgrader in enumerate(_upgraders(page)):
        folder = tmp_path / f"upgrades-{number}"
        folder.mkdir()
        for block in blocks("docs/tutorial.md"):
            if block.argument is not None and block.argument.startswith("upgrades/"):
                (folder / Path(block.argument).name).write_text(block.text, encoding="utf-8")
        plan = next(yaml.safe_load_all((folder / "fleet.yaml").read_text(encoding="utf-8")))
        upgrader["spec"].pop("repositoryRef", None)  # the test says where the repository is
        (folder / "fleet.yaml").write_text(yaml.safe_dump_all([plan, upgrader]), encoding="utf-8")

        assert run(["propose", "-m", str(folder), "--repo", str(bare), "--dry-run", "-o", "json"]) == 0

        (proposal,) = json.loads(capsys.readouterr().out)["proposals"]
        assert proposal["action"] == "create", proposal["message"]
        assert proposal["to"]["version"] == "v1.34.2"
        found.append(len(proposal["edits"]))
    assert found == PLACES[page]
