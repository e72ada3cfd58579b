"""`doctor`: what it looks at, what it says, its exit status, and that it shows no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gitops_upgrader.cli.demo.debianrepo import serve
from tests import debian
from tests.cli.commandline import CommandLine
from tests.examples.example import Example
from tests.forges.loopback import Reply, Request, serving
from tests.reconcilers.directory import OURS, Fleet, upgrader


def checks(document: dict[str, Any]) -> dict[str, str]:
    """For every check its worst result."""
    found: dict[str, str] = {}
    for one in document["checks"]:
        worst = max((found.get(one["check"], "ok"), one["result"]), key=["ok", "note", "mend"].index)
        found[one["check"]] = worst
    return found


def repository(url: str, **more: str) -> str:
    """A GitOpsRepository; `more` are fields of its spec."""
    fields = "".join(f"  {name}: {value}\n" for name, value in more.items())
    return (
        f"apiVersion: {OURS}\nkind: GitOpsRepository\nmetadata: {{name: default, namespace: fleet}}\n"
        f"spec:\n  url: {url}\n{fields}"
    )


def test_everything_is_well(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    ran = gitops_upgrader("doctor", "-m", "upgrades", "--repo", "fleet.git")

    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "ok    git"
    assert lines[1].startswith("      git version ")
    assert lines[2:4] == ["ok    custom-resources", "      They have no mistakes."]
    assert lines[4].startswith("ok    base-branch")
    assert f"fleet.git: main is at {fleet.people.tip()[:12]}." in ran.out
    assert lines[-1] == "Nothing to mend."


def test_json_and_the_exit_status(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    ran = gitops_upgrader("doctor", "--repo", "fleet.git", "--branch", "production", "-o", "json")

    assert ran.status == 1
    assert ran.json["apiVersion"] == "gitops-upgrader/v1"
    assert ran.json["ok"] is False
    (bad,) = [one for one in ran.json["checks"] if one["result"] == "mend"]
    assert bad["check"] == "base-branch"
    assert bad["message"].endswith("There is no branch 'production' to propose changes to.")
    assert bad["remedy"].startswith("Create it, or name another with --branch")


def test_mistakes_in_custom_resources_are_told_with_their_place(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.write("more.yaml", upgrader("dev", hopIntervall="1h"))

    ran = gitops_upgrader("doctor", "-m", "upgrades", "--repo", "fleet.git")

    assert ran.status == 1
    assert "upgrades/more.yaml:9:3" in ran.out
    assert "1 to mend" in ran.out


def test_an_upgrader_without_a_repository(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    ran = gitops_upgrader("doctor", "-m", "upgrades", "-o", "json")

    (bad,) = [one for one in ran.json["checks"] if one["result"] == "mend"]
    assert (ran.status, bad["check"]) == (1, "repository")
    assert bad["message"] == "It names no repository, and there is no GitOpsRepository fleet/default."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("{}", "no Secret"),
        ("{token: ''}", ""),
        ("{username: me}", ""),
        ("{githubAppID: '1', githubAppPrivateKey: ''}", "githubAppPrivateKey"),
    ],
)
def test_secrets_that_lack_a_key(data: str, said: str, gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    secret = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: git, namespace: fleet}}\nstringData: {data}\n"
    more = {"secretRef": "{name: git}", "provider": "github"}
    documents = [repository("http://127.0.0.1:9/acme/fleet.git", **more)]
    fleet.write("repository.yaml", *documents, *([] if data == "{}" else [secret]))

    ran = gitops_upgrader("doctor", "-m", "upgrades", "-o", "json")

    assert ran.status == 1
    assert any(one["result"] == "mend" and one["remedy"] for one in ran.json["checks"])
    if said == "githubAppPrivateKey":
        assert said in ran.out


def test_a_host_that_does_not_tell_its_forge(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.write("repository.yaml", repository("https://git.example.com/acme/fleet.git"))

    ran = gitops_upgrader("doctor", "-m", "upgrades", "-o", "json")

    assert checks(ran.json)["provider"] == "mend"


def test_a_forge_is_asked_for_rights_rules_and_the_time(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    """The Git side of this server is missing, and that is told of; the forge is asked all the same."""

    def answer(request: Request) -> Reply:
        if request.header("Authorization") != "Bearer s3cret-token":
            return Reply(401, {"message": "who are you, s3cret-token?"})
        found = {
            "/api/v1/repos/acme/fleet": {"permissions": {"push": False}},
            "/api/v1/repos/acme/fleet/branch_protections": [{"rule_name": "gitops-upgrader/*", "enable_push": False}],
        }.get(request.path)
        return Reply(404, {}) if found is None else Reply(200, found)

    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: api, namespace: fleet}\nstringData: {token: s3cret-token}\n"
    )
    with serving(answer) as server:
        fleet.write(
            "repository.yaml",
            repository(f"{server.url}/acme/fleet.git", provider="gitea", apiSecretRef="{name: api}", timeout="10s"),
            secret,
        )
        ran = gitops_upgrader("doctor", "-m", "upgrades", "-o", "json")

    assert ran.status == 1
    found = checks(ran.json)
    assert (found["git-access"], found["token"], found["branch-rules"], found["clock"]) == (
        "mend",
        "mend",
        "mend",
        "ok",
    )
    assert "s3cret" not in ran.out + ran.err


def test_package_repositories(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    source = (
        "apiVersion: OURS\nkind: DebianRepositorySource\nmetadata: {name: NAME, namespace: fleet}\n"
        "spec: {url: 'URL', architecture: amd64, paused: PAUSED}\n"
    )
    with serve({"v1.34": ["v1.34.2"]}) as url:
        good = source.replace("URL", f"{url}/core:/stable:/v1.34/deb/").replace("PAUSED", "false")
        bad = source.replace("URL", f"{url}/nothing/deb/").replace("PAUSED", "false")
        paused = source.replace("URL", f"{url}/nothing/deb/").replace("PAUSED", "true")
        fleet.write(
            "sources.yaml",
            *(text.replace("NAME", name) for text, name in ((good, "good"), (bad, "bad"), (paused, "paused"))),
        )
        ran = gitops_upgrader("doctor", "-m", "upgrades", "--repo", "fleet.git", "-o", "json")

    found = {one["subject"]: one for one in ran.json["checks"] if one["check"] == "packages"}
    results = {name.rpartition("/")[2]: one["result"] for name, one in found.items()}
    assert results == {"good": "note", "bad": "mend", "paused": "note"}
    assert "1 versions, the newest is v1.34.2." in found["DebianRepositorySource fleet/good"]["message"]


def test_a_signed_package_repository(gitops_upgrader: CommandLine, fleet: Fleet, tmp_path: Path) -> None:
    import pysequoia

    from tests.examples.test_examples import _key

    key = pysequoia.Tsk.generate("Mirror <mirror@example.com>")
    site = debian.Site(files=debian.dists("/", "kubernetes", "main", debian.packages("1.34.2-1.1"), key))
    with debian.serve(site) as running:
        example = Example.copy("air-gapped", tmp_path, {"https://mirror.example.com": running.url} | _key(key))
        ran = gitops_upgrader("doctor", "-m", example.upgrades, "--repo", str(example.repository))

    assert "Their signatures hold." in ran.out
    assert ran.status == 0


@pytest.mark.parametrize(
    "arguments", [(), ("-m", "upgrades", "--context", "c"), ("--namespace", "x"), ("-m", "nowhere")]
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("doctor", *arguments)

    assert ran.status == 1


def test_a_kubeconfig_that_is_not_there(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("doctor", "--kubeconfig", "nowhere", "-o", "json")

    assert ran.status == 1
    assert checks(ran.json)["cluster"] == "mend"


def test_a_machine_without_git(gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    ran = gitops_upgrader("doctor", "--repo", "fleet.git", "-o", "json")

    assert ran.status == 1
    assert checks(ran.json)["git"] == "mend"
