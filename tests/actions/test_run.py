"""The examples on a runner, as they are, down to pull requests on a real Gitea."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gitops_upgrader import __version__
from tests.actions.act import Ran, Runner
from tests.actions.files import ACTION, EXAMPLES, load
from tests.actions.test_examples import without_network
from tests.need import need
from tests.servers.gitea import GiteaRepository, GiteaServer, running

pytestmark = pytest.mark.servers

GITHUB = EXAMPLES / "github-actions"


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GiteaServer]:
    """A running Gitea."""
    with running(tmp_path_factory.mktemp("gitea")) as server:
        yield server


@pytest.fixture
def repository(gitea: GiteaServer) -> GiteaRepository:
    """The example fleet, with the quick start's custom resources, on the server."""
    made = gitea.repository()
    fleet = EXAMPLES / "fleet"
    made.write("main", {str(path.relative_to(fleet)): path.read_text() for path in fleet.rglob("*.yaml")})
    return made


@pytest.fixture
def checkout(repository: GiteaRepository, tmp_path: Path) -> Path:
    """What a workflow would have checked out, with the custom resources of the quick start beside it."""
    folder = tmp_path / "checkout"
    order = [str(need("git")), "-c", f"http.extraHeader=Authorization: token {repository.server.upgrader.token}"]
    subprocess.run([*order, "clone", "-q", repository.url, str(folder)], check=True)
    shutil.copytree(EXAMPLES / "quick-start", folder / "upgrades")
    without_network(folder / "upgrades")
    return folder


@pytest.fixture
def runner(repository: GiteaRepository, tmp_path: Path) -> Runner:
    """A runner of that Gitea: it speaks of the server in GitHub's variables, and says that it is Gitea's."""
    folder = tmp_path / "runner"
    folder.mkdir()
    environ = {"GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": repository.server.url}
    return Runner(folder, environ, repository.server.upgrader.token)


def _pulls(repository: GiteaRepository) -> dict[str, str]:
    """Branch and title of every pull request."""
    return {one["head"]["ref"]: one["title"] for one in repository.api("GET", "/pulls?state=all")}


def _succeeded(ran: Ran) -> Ran:
    assert ran.status == 0, ran.log
    return ran


def test_one_cluster_when_a_person_asks(runner: Runner, repository: GiteaRepository, checkout: Path) -> None:
    inputs = {"cluster": "prod", "version": "v1.35.4", "image": "ubuntu-2404-kube-v1.35.4", "variable": "imageName"}
    ran = _succeeded(runner.run(checkout, GITHUB / "upgrade-cluster.yml", "workflow_dispatch", inputs))
    assert _pulls(repository) == {"gitops-upgrader/_cluster/-/prod": "Upgrade prod from v1.34.1 to v1.35.4"}
    (pull,) = repository.api("GET", "/pulls")
    assert ran.output("changed") == "true"
    assert ran.output("pull-request-number") == str(pull["number"])
    assert ran.output("pull-request-url") == pull["html_url"]
    assert [one["action"] for one in json.loads(ran.output("proposals"))] == ["create"]
    assert "starts no other workflow until a person approves it" in ran.log
    assert f"[#{pull['number']}]({pull['html_url']})" in ran.log, "the summary links it"
    (file,) = repository.api("GET", f"/pulls/{pull['number']}/files")
    assert (file["filename"], file["additions"], file["deletions"]) == ("clusters/prod/cluster.yaml", 2, 2)
    assert runner.token not in ran.log

    again = _succeeded(runner.run(checkout, GITHUB / "upgrade-cluster.yml", "workflow_dispatch", inputs))
    assert (again.output("changed"), again.output("pull-request-number")) == ("false", str(pull["number"]))
    assert len(_pulls(repository)) == 1


def test_a_fleet_by_schedule(runner: Runner, repository: GiteaRepository, checkout: Path) -> None:
    ran = _succeeded(runner.run(checkout, GITHUB / "propose.yml", "workflow_dispatch", {"dry-run": "true"}))
    assert (ran.output("changed"), _pulls(repository)) == ("true", {})
    assert "3 would be opened." in ran.log
    ran = _succeeded(runner.run(checkout, GITHUB / "propose.yml", "schedule"))
    assert _pulls(repository) == {
        f"gitops-upgrader/fleet/{name}": f"Upgrade {name} from {version} to v1.35.4"
        for name, version in (("dev", "v1.34.2"), ("prod", "v1.34.1"), ("staging", "v1.34.2"))
    }
    assert "3 opened." in ran.log
    ran = _succeeded(runner.run(checkout, GITHUB / "propose.yml", "schedule"))
    assert (ran.output("changed"), len(_pulls(repository))) == ("false", 3)


def test_forgejos_example(runner: Runner, repository: GiteaRepository, checkout: Path, tmp_path: Path) -> None:
    text = (EXAMPLES / "forgejo-actions" / "kubernetes-upgrades.yml").read_text(encoding="utf-8")
    workflow = tmp_path / "workflow.yml"
    # As the runner has Python, and act takes no address in `uses`.
    document = text.replace("https://github.com/", "").replace("apt-get update -q && apt-get install", "echo apt-get")
    workflow.write_text(document, encoding="utf-8")
    runner.environ = {**runner.environ, "FORGEJO_ACTIONS": "true"}
    _succeeded(runner.run(checkout, workflow, "schedule"))
    assert len(_pulls(repository)) == 3


def _workflow(path: Path, *steps: Mapping[str, object]) -> Path:
    uses = {"uses": f"OWNER/gitops-upgrader/actions/propose@v{__version__}"}
    checkout = {"uses": f"actions/checkout@{'0' * 40}"}
    jobs = {"a": {"runs-on": "ubuntu-24.04", "steps": [checkout, *({**uses, **step} for step in steps)]}}
    path.write_text(json.dumps({"on": "workflow_dispatch", "jobs": jobs}), encoding="utf-8")
    return path


HOSTILE = "$(touch {0})`touch {0}`'; touch {0}; \"; touch {0} #\n::set-output name=changed::pwned\n::error::pwned\n"


def test_no_input_is_ever_run(runner: Runner, repository: GiteaRepository, checkout: Path, tmp_path: Path) -> None:
    hostile = HOSTILE.format(tmp_path / "pwned")
    names = set(load(ACTION / "action.yml")["inputs"])
    everything = dict.fromkeys(names - {"python"}, hostile)
    sound = {"cluster": "prod", "to": "v1.35.4", "dry-run": "false", "args": ""}
    steps = (everything, everything | sound, {"python": hostile}, {"cluster": "prod", "to": "v1.35.4", "path": hostile})
    workflow = _workflow(tmp_path / "w.yml", *({"with": step, "continue-on-error": True} for step in steps))
    ran = runner.run(checkout, workflow, "workflow_dispatch")
    assert not (tmp_path / "pwned").exists()
    assert "changed=pwned" not in ran.log
    assert "The input dry-run is " in ran.log
    assert ran.log.count("Failure - Main Find Python") == 1  # what that says, act now and then drops on a busy machine
    assert _pulls(repository) == {}


def test_a_workflows_own_token_goes_to_no_other_server(
    runner: Runner, repository: GiteaRepository, checkout: Path, tmp_path: Path
) -> None:
    runner.environ = {}
    given = {"cluster": "prod", "to": "v1.35.4", "provider": "gitea"}
    ran = runner.run(checkout, _workflow(tmp_path / "w.yml", {"with": given}), "workflow_dispatch")
    assert ran.status == 1
    assert _pulls(repository) == {}
    given |= {"token": runner.token}
    runner.token = "another"
    _succeeded(runner.run(checkout, _workflow(tmp_path / "w.yml", {"with": given}), "workflow_dispatch"))
    assert len(_pulls(repository)) == 1


def test_a_token_without_rights_is_said(runner: Runner, repository: GiteaRepository, checkout: Path) -> None:
    runner.token = "0" * 40
    inputs = {"cluster": "prod", "version": "v1.35.4"}
    ran = runner.run(checkout, GITHUB / "upgrade-cluster.yml", "workflow_dispatch", inputs)
    assert ran.status == 1
    assert "AuthenticationFailed" in ran.log
    assert "Traceback" not in ran.log
    assert _pulls(repository) == {}
    assert [path.name for path in (checkout / ".git" / "refs" / "heads").iterdir()] == ["main"]
