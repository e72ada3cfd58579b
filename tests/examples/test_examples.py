"""The examples: each is valid, does what its README shows, does it once, and holds no secret."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysequoia
import pytest
import yaml

from gitops_upgrader.forges.credentials import GitHubApp, from_secret
from tests import debian
from tests.cli.commandline import CommandLine
from tests.docs.blocks import Block, blocks
from tests.examples.example import EXAMPLES, NAMES, PLACEHOLDERS, ROOT, Example
from tests.need import need

ISSUED = [
    *("air-gapped", "argo-cd", "docker", "flux", "github-app", "helm", "kustomize"),
    *("metal3", "monorepo", "nutanix", "openstack", "rke2", "vsphere"),
]
WAITING = {"docker"}
"""Examples that propose nothing without a cluster."""


@contextmanager
def copied(name: str, folder: Path, replaced: dict[str, str] | None = None) -> Iterator[Example]:
    """A copy of an example; where it reads a mirror, with a signed one on loopback."""
    if name != "air-gapped":
        yield Example.copy(name, folder, replaced)
        return
    key = pysequoia.Tsk.generate("Mirror <mirror@example.com>")
    files = debian.dists("/", "kubernetes", "main", debian.packages("1.34.2-1.1", "1.35.0-1.1"), key)
    with debian.serve(debian.Site(files=files)) as site:
        mirror = {"https://mirror.example.com": site.url} | _key(key) | (replaced or {})
        yield Example.copy(name, folder, mirror)  # a key of the caller's own comes after the mirror's


def _key(key: pysequoia.Tsk) -> dict[str, str]:
    """The mirror's key in the place of the example's placeholder, indented as that is."""
    text = (EXAMPLES / "air-gapped" / "upgrades" / "versions.yaml").read_text("utf-8")
    found = re.search(r"^    -----BEGIN PGP.*?-----END PGP[^\n]*\n", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    armoured = str(key.extract_certificate())
    return {found[0]: "".join(f"    {line}".rstrip() + "\n" for line in armoured.splitlines())}


def _block(name: str, check: str) -> str | None:
    found = [block.text for block in blocks(f"examples/{name}/README.md") if block.check == check]
    assert len(found) < 2
    return found[0] if found else None


def _stripped(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.rstrip().splitlines())


def _documents(name: str, folder: str = "upgrades") -> list[dict[str, Any]]:
    texts = [path.read_text("utf-8") for path in sorted((EXAMPLES / name / folder).rglob("*.yaml"))]
    return [document for text in texts for document in yaml.safe_load_all(text) if document]


@pytest.fixture
def gitops_upgrader(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(capsys, tmp_path)


def test_all_of_them_are_here() -> None:
    assert ISSUED == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_validates(name: str, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("validate", str(EXAMPLES / name / "upgrades"))

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.endswith("objects, no mistakes\n")


@pytest.mark.parametrize("name", NAMES)
def test_it_plans_what_its_readme_shows(name: str, gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    with copied(name, tmp_path) as example:
        ran = gitops_upgrader("plan", "-m", example.upgrades, "--repo", str(example.repository))

    assert (ran.status, ran.err) == (0, "")
    assert _stripped(ran.out) == _block(name, "plan")


@pytest.mark.parametrize("name", NAMES)
def test_it_changes_what_its_readme_shows(name: str, gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    with copied(name, tmp_path) as example:
        arguments = ("propose", "-m", example.upgrades, "--repo", str(example.repository), "--dry-run", "-o", "diff")
        ran = gitops_upgrader(*arguments)

    assert ran.status == 0
    assert ran.out.rstrip() + "\n" == (_block(name, "diff") or "\n")
    assert (not ran.out.strip()) == (name in WAITING)
    assert [": waits. " in line for line in ran.err.splitlines()] == [True] * (name in WAITING), ran.err


@pytest.mark.parametrize("name", NAMES)
def test_run_twice_it_proposes_once(name: str, gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    with copied(name, tmp_path) as example:
        arguments = ("propose", "-m", example.upgrades, "--repo", str(example.repository), "-o", "json")
        first = gitops_upgrader(*arguments)
        branches, pulls = example.branches(), [path.read_bytes() for path in example.pulls()]
        second = gitops_upgrader(*arguments)

        assert [first.status, second.status] == [0, 0]
        wanted = ("hold", "hold") if name in WAITING else ("create", "leave")
        assert {one["action"] for one in first.json["proposals"]} == {wanted[0]}
        assert {one["action"] for one in second.json["proposals"]} == {wanted[1]}
        assert example.branches() == branches
        assert [path.read_bytes() for path in example.pulls()] == pulls
        assert len(pulls) == len(branches) - 1 == (0 if name in WAITING else len(first.json["proposals"]))


@pytest.mark.parametrize("name", NAMES)
def test_its_own_repository_is_used_where_none_is_named(
    name: str, gitops_upgrader: CommandLine, tmp_path: Path
) -> None:
    """The URL of the GitOpsRepository, or of the Flux object that it refers to, leads to the fleet."""
    text = "".join(path.read_text("utf-8") for path in (EXAMPLES / name / "upgrades").glob("*.yaml"))
    (url,) = [url for url in PLACEHOLDERS if url in text]
    replaced = {url: str(tmp_path / f"{name}.git")}
    replaced |= {provider: "" for provider in ("  provider: github\n", "  provider: gitea\n") if provider in text}
    replaced |= _without_a_network(name)

    with copied(name, tmp_path, replaced) as example:
        ran = gitops_upgrader("plan", "-m", example.upgrades)

    assert (ran.status, ran.err) == (0, "")
    assert _stripped(ran.out) == _block(name, "plan")


def _without_a_network(name: str) -> dict[str, str]:
    """An App's key is no placeholder's work: it would be exchanged for a token on the network."""
    return {"  secretRef:\n    name: github-app\n": ""} if name == "github-app" else {}


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_explained(name: str) -> None:
    files = sorted((EXAMPLES / name / "upgrades").glob("*.yaml"))
    readme = (EXAMPLES / name / "README.md").read_text("utf-8")

    assert [path.name for path in files if not path.read_text("utf-8").startswith("# ")] == []
    assert set(re.findall(r"`upgrades/([a-z-]+\.yaml)`", readme)) == {path.name for path in files}


@pytest.mark.parametrize("name", NAMES)
def test_its_secrets_are_placeholders(name: str) -> None:
    """Whoever copies an example sees at once what to put in."""
    public = {"username", "githubAppID", "githubAppInstallationOwner"}
    for document in _documents(name):
        if document["kind"] == "Secret":
            values = {key: text for key, text in document["stringData"].items() if key not in public}
            assert values
            assert [key for key, text in values.items() if "REPLACE-WITH-" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_scripts_of_its_jobs_are_sound(name: str) -> None:
    """They are shell, and no substitution of Flux's or clusterctl's can take them for its own."""
    for document in _documents(name):
        if document["kind"] != "MachineImageTemplate" or "jobTemplate" not in document["spec"]["template"]["spec"]:
            continue
        pod = document["spec"]["template"]["spec"]["jobTemplate"]["spec"]
        scripts = [container["command"] for container in (*pod.get("initContainers", ()), *pod["containers"])]
        for shell, _, script in scripts:
            subprocess.run([need(shell), "-n"], input=script, text=True, check=True)
        assert [script for _, _, script in scripts if "${" in script] == []
        assert "/dev/termination-log" in scripts[-1][2]


def test_a_placeholder_of_a_key_is_told_of(gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    """Who has not put in the mirror's key yet hears so, and nothing is proposed."""
    example = Example.copy("air-gapped", tmp_path)

    ran = gitops_upgrader("propose", "-m", example.upgrades, "--repo", str(example.repository))

    assert ran.status == 1
    assert "Put the repository's public key there" in ran.err
    assert example.pulls() == []


def test_a_mirror_that_somebody_else_signs_is_not_believed(gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    with copied("air-gapped", tmp_path, _key(pysequoia.Tsk.generate("Mallory <mallory@example.com>"))) as example:
        ran = gitops_upgrader("propose", "-m", example.upgrades, "--repo", str(example.repository), "-o", "json")

    assert ran.status == 1
    assert "UnknownSigningKey" in {error["reason"] for error in ran.json["errors"]}
    assert example.pulls() == []


def test_the_apps_secret_has_the_keys_that_are_read() -> None:
    (secret,) = [document for document in _documents("github-app") if document["kind"] == "Secret"]

    app = from_secret(secret["stringData"])

    assert isinstance(app, GitHubApp)
    assert (app.app_id, app.owner) == ("123456", "YOUR-ORGANISATION")


def test_reviewers_are_each_teams_own(gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    with copied("monorepo", tmp_path) as example:
        gitops_upgrader("propose", "-m", example.upgrades, "--repo", str(example.repository))
        payments, search = (path.read_text("utf-8").split("---\n")[1] for path in example.pulls())

    fields = yaml.safe_load(payments), yaml.safe_load(search)
    assert [found["head"] for found in fields] == ["gitops-upgrader/payments/prod", "gitops-upgrader/search/prod"]


def test_a_repository_without_its_branch(gitops_upgrader: CommandLine, tmp_path: Path) -> None:
    example = Example.copy("openstack", tmp_path)

    ran = gitops_upgrader(
        "propose", "-m", example.upgrades, "--repo", str(example.repository), "--branch", "production"
    )

    assert ran.status == 1
    assert "There is no branch 'production' to propose changes to. Create it, or name another" in ran.err.replace(
        f"{example.repository}: ", ""
    )
    assert example.pulls() == []
    assert list(example.branches()) == ["main"]


def _shell() -> Block:
    (block,) = [block for block in blocks("examples/README.md") if block.check == "shell"]
    return block


def test_the_commands_of_the_readme_work(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "gitops-upgrader"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nexec "$PYTHON" -m gitops_upgrader "$@"\n')
    program.chmod(0o755)
    environ = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHON": sys.executable}
    script = _shell().text.replace("/tmp/fleet", str(tmp_path / "fleet"))

    done = subprocess.run(
        [need("sh"), "-eu"], input=script, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "5 objects, no mistakes" in done.stdout
    assert (tmp_path / "fleet/.git/gitops-upgrader/pulls/1.md").exists()


def test_the_index_lists_every_example() -> None:
    text = (EXAMPLES / "README.md").read_text("utf-8")
    folders = {path.parent.name for path in EXAMPLES.glob("*/README.md")}

    assert set(re.findall(r"\]\(([a-z0-9-]+)/README\.md\)", text)) == folders


@pytest.mark.parametrize("name", [*NAMES, "."])
def test_every_link_leads_somewhere(name: str) -> None:
    readme = EXAMPLES / name / "README.md"
    links = [link for link in re.findall(r"\]\(([^)#]+)", readme.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not readme.parent.joinpath(link).exists()] == []


def test_no_block_goes_unchecked() -> None:
    found = [block for name in (*NAMES, ".") for block in blocks(f"examples/{name}/README.md")]
    assert {block.check for block in found} == {"plan", "diff", "shell"}


def test_image_builder_is_told_the_versions(tmp_path: Path) -> None:
    """The first container of the vSphere Job writes the JSON that Packer reads."""
    (template,) = [document for document in _documents("vsphere") if document["kind"] == "MachineImageTemplate"]
    pod = template["spec"]["template"]["spec"]["jobTemplate"]["spec"]
    script = pod["initContainers"][0]["command"][2].replace("/versions/", f"{tmp_path}/")

    environ = {"PATH": os.environ["PATH"], "KUBERNETES_VERSION": "v1.34.2"}
    subprocess.run([need("sh"), "-ec", script], env=environ, check=True)

    assert json.loads((tmp_path / "kubernetes.json").read_text("utf-8")) == {
        "kubernetes_semver": "v1.34.2",
        "kubernetes_series": "v1.34",
        "kubernetes_deb_version": "1.34.2-1.1",
        "kubernetes_rpm_version": "1.34.2",
    }
