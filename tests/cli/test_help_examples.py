"""Every example of every command's help is run: on a checkout, a package repository and a server of this machine.

Those that speak to a cluster, or run until they are ended, are read by their command and no more: what they do is held
to a real cluster elsewhere.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pygit2
import pytest

from gitops_upgrader.cli.demo.debianrepo import serve
from gitops_upgrader.cli.demo.stage import RELEASES
from gitops_upgrader.cli.group import COMMANDS, cli
from tests.cli.commandline import CommandLine
from tests.cli.doctor.test_command import repository
from tests.reconcilers.directory import CLUSTER, PLAN, Fleet

EXAMPLE = re.compile(r"^ +((?:[A-Z_]+=\S+ )*gitops-upgrader .*)$", re.MULTILINE)
TALKS_TO_A_CLUSTER = {"--context", "--kubeconfig"}


def examples(name: str | None = None) -> list[str]:
    """The examples of a command's help; of the program's own without a name."""
    command = cli if name is None else cli.get_command(click.Context(cli), name)
    assert command is not None
    return EXAMPLE.findall((command.epilog or "").replace("\b", ""))


EVERY = [*examples(), *(example for name in COMMANDS for example in examples(name))]


@pytest.fixture
def checkout(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the examples speak of: a checkout with a cluster `fleet/prod-1`, and `upgrades/` in it."""
    image = CLUSTER.format(name="prod-1", namespace="fleet", version="v1.33.5", image="ami-0aaa")
    fleet.people.commit({"clusters/prod-1.yaml": image.replace("imageId", "amiID")})
    fleet.write("fleet.yaml", PLAN.replace("newest", "another"))
    fleet.write("repository.yaml", repository(str(fleet.people.path)))
    folder = fleet.folder / "checkout"
    pygit2.clone_repository(str(fleet.people.path), str(folder))
    shutil.copytree(fleet.manifests, folder / "upgrades")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def packages() -> Iterator[str]:
    with serve(RELEASES) as url:
        yield url


@pytest.mark.parametrize("example", EVERY)
def test_an_example_works(
    example: str,
    checkout: Path,
    fleet: Fleet,
    packages: str,
    gitops_upgrader: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = re.split(r" (?:\||>) ?", example)[0]
    replaced = {
        "git@example.org:platform/fleet.git": str(fleet.people.path),
        "https://pkgs.k8s.io": packages,
        "/tmp/fleet-demo": str(fleet.folder / "demo"),
    }
    for old, new in replaced.items():
        command = command.replace(old, new)
    words = shlex.split(command)
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    program, name, *arguments = words
    assert program == "gitops-upgrader"

    if TALKS_TO_A_CLUSTER & set(arguments) or name in {"controller", "uninstall"}:
        found = cli.get_command(click.Context(cli), name)
        assert found is not None
        assert found.make_context(name, arguments).params
        return
    if name == "init":
        shutil.rmtree("upgrades")
        arguments += ["--packages", packages]
    ran = gitops_upgrader(name, *arguments)

    assert ran.status == 0, ran.err
    assert ran.out or Path("crds").is_dir()


def test_every_command_has_one() -> None:
    assert [name for name in COMMANDS if not examples(name)] == []
    assert len(EVERY) > len(COMMANDS)
