"""The quick start: custom resources without a mistake, a fleet that they fit, and a README that tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from gitops_upgrader.cli.run import run

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK_START = EXAMPLES / "quick-start"


def _objects(folder: Path) -> list[dict[str, object]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.yaml"))]
    return [document for text in texts for document in yaml.safe_load_all(text) if document]


def test_it_validates(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(QUICK_START)]) == 0
    assert capsys.readouterr() == ("8 objects, no mistakes\n", "")


def test_every_upgrader_has_its_cluster_in_the_example_fleet() -> None:
    found = [item for item in _objects(QUICK_START) if item["kind"] == "ClusterClassClusterUpgrader"]
    upgraders = {item["spec"]["clusterName"] for item in found}  # type: ignore[index]  # plain YAML
    clusters = {item["metadata"]["name"] for item in _objects(EXAMPLES / "fleet") if item["kind"] == "Cluster"}  # type: ignore[index]
    assert upgraders == clusters == {"dev", "prod", "staging"}


def test_everything_has_a_comment_that_says_what_it_is_for() -> None:
    silent = [path.name for path in QUICK_START.glob("*.yaml") if not path.read_text(encoding="utf-8").startswith("# ")]
    assert silent == []


def test_the_readme_speaks_of_every_file_and_of_no_other() -> None:
    readme = (QUICK_START / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`([a-z-]+\.yaml)`", readme)) == {path.name for path in QUICK_START.glob("*.yaml")}
