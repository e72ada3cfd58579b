"""What people copy does what its README says: the YAML in the READMEs too, and GitLab's script for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gitops_upgrader import __version__
from tests.actions.files import ACTION, EXAMPLES, GITHUB, GITLAB, READMES, ROOT, load, steps
from tests.need import need

INPUTS = set(load(ACTION / "action.yml")["inputs"])
OUTPUTS = set(load(ACTION / "action.yml")["outputs"])
FOLDERS = [EXAMPLES / name for name in ("github-actions", "gitlab-ci", "forgejo-actions")]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*GITHUB, *(EXAMPLES / "forgejo-actions").glob("*.yml")], ids=_name)
def test_the_action_is_given_what_it_takes(path: Path) -> None:
    (step,) = (step for step in steps(path) if "OWNER/gitops-upgrader" in step.get("uses", ""))
    assert set(step["with"]) <= INPUTS
    used = set(re.findall(r"steps\.upgrade\.outputs\.([a-z-]+)", path.read_text(encoding="utf-8")))
    assert used <= OUTPUTS


@pytest.mark.parametrize("readme", READMES, ids=_name)
def test_yaml_in_a_readme_is_yaml(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        document = load(block)
        assert isinstance(document, dict | list)
        if isinstance(document, dict) and "with" in document:
            assert set(document["with"]) <= INPUTS


def test_the_workflow_in_the_readme_is_the_example_in_short() -> None:
    block = re.search(r"```yaml\n(.*?)```", (ACTION / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    short, whole = (
        load(block[1])["jobs"]["propose"],
        load(EXAMPLES / "github-actions" / "propose.yml")["jobs"]["propose"],
    )
    assert short["permissions"] == whole["permissions"]
    assert [step["uses"] for step in short["steps"]] == [step["uses"] for step in whole["steps"]]
    assert short["steps"][1]["with"].items() <= whole["steps"][1]["with"].items()


@pytest.mark.parametrize("folder", FOLDERS, ids=_name)
def test_the_readme_speaks_of_every_file(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in folder.glob("*.yml") if f"`{path.name}`" not in readme] == []


@pytest.mark.parametrize("readme", READMES, ids=_name)
def test_links_lead_somewhere(readme: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", readme.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (readme.parent / link).exists()] == []


def test_a_pull_request_with_the_workflows_own_token_is_explained_where_people_meet_it() -> None:
    for readme in (ACTION / "README.md", EXAMPLES / "github-actions/README.md", EXAMPLES / "forgejo-actions/README.md"):
        text = " ".join(readme.read_text(encoding="utf-8").split())
        assert "start no other workflow" in text or "starts no other workflow" in text


def test_the_gitlab_job_uses_this_release() -> None:
    (job,) = load(GITLAB).values()
    assert job["image"]["name"].endswith(f":{__version__}")


def test_the_gitlab_job_runs(tmp_path: Path) -> None:
    """The script as it is, in a shell, with a package repository's versions replaced by a list of them."""
    (job,) = load(GITLAB).values()
    project, remote = tmp_path / "fleet", tmp_path / "fleet.git"
    shutil.copytree(EXAMPLES / "fleet", project)
    shutil.copytree(EXAMPLES / "quick-start", project / "upgrades")
    without_network(project / "upgrades")
    git = [str(need("git")), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for order in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "The fleet"]):
        subprocess.run([*git, "-C", str(project), *order], check=True)
    subprocess.run([*git, "clone", "-q", "--bare", str(project), str(remote)], check=True)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for _ in range(2):  # an example that is run twice does nothing new
        subprocess.run(
            [need("bash"), "-eo", "pipefail", "-c", "\n".join(job["script"])],
            cwd=project,
            env={**os.environ, "PATH": programs, "CI_PROJECT_URL": remote.as_uri().removesuffix(".git")},
            check=True,
        )
    (artifact,) = job["artifacts"]["paths"]
    document = json.loads((project / artifact).read_text(encoding="utf-8"))
    found = {
        one["cluster"]: (one["action"], one["to"]["version"], one["pullRequest"]["number"])
        for one in document["proposals"]
    }
    assert found == {
        "fleet/dev": ("leave", "v1.35.4", 1),
        "fleet/prod": ("leave", "v1.35.4", 2),
        "fleet/staging": ("leave", "v1.35.4", 3),
    }


def without_network(upgrades: Path) -> None:
    """Let the versions come from a ConfigMap instead of the community's package repositories."""
    (upgrades / "versions.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kubernetes, namespace: fleet}\n"
        "data:\n  versions: |\n    v1.34.2\n    v1.35.4\n    v1.36.1\n"
    )
    images = upgrades / "images.yaml"
    source = "    apiVersion: kubernetesupgraded.dimitrikoshkin.com/v1alpha1\n    kind: DebianRepositorySource\n"
    text = images.read_text(encoding="utf-8")
    assert source in text
    images.write_text(text.replace(source, "    apiVersion: v1\n    kind: ConfigMap\n"))
