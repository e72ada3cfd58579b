"""Every command that people are told to type works, and every block of a document is checked in some way."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_upgrader.cli.demo import examples
from gitops_upgrader.cli.demo.debianrepo import serve
from gitops_upgrader.cli.demo.stage import RELEASES, Stage
from gitops_upgrader.cli.run import run
from tests.docs.blocks import ROOT, Block, blocks
from tests.need import need

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/quick-start/README.md"]
ALL = [block for document in DOCUMENTS for block in blocks(document)]


def _checked(how: str) -> list[object]:
    return [pytest.param(block, id=block.place) for block in ALL if block.check == how]


@pytest.fixture
def packages() -> Iterator[str]:
    """Where releases are published, on this machine."""
    with serve(RELEASES) as url:
        yield url


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packages: str) -> Stage:
    """A checkout of the example fleet to stand in, with the quick start as its folder `upgrades`, and both examples."""
    made = Stage.build(tmp_path, packages)
    made.upgrades.rename(made.remote.clone / "upgrades")
    examples.copy(examples.QUICK_START, made.remote.clone / "examples/quick-start", {"https://pkgs.k8s.io": packages})
    monkeypatch.chdir(made.remote.clone)
    return made


def test_no_block_goes_unchecked() -> None:
    assert [block.place for block in ALL if block.check not in {"make", "run", "pull-request"}] == []
    assert {block.check for block in ALL} == {"make", "run", "pull-request"}


@pytest.mark.parametrize("block", _checked("make"))
def test_every_target_is_there(block: Block) -> None:
    """What the targets do is what the tests, the linters and the demonstration's own tests are about."""
    for command in block.commands:
        assert command.startswith("make")
        order = [str(need("make")), "--dry-run", *shlex.split(command)[1:]]
        done = subprocess.run(order, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"{block.place}: {command}: {done.stderr}"


@pytest.mark.parametrize("block", _checked("run"))
def test_every_command_works(block: Block, stage: Stage, packages: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "gitops-upgrader init " in block.text:
        shutil.rmtree("upgrades")
    for command in block.commands:
        program, *arguments = shlex.split(command.replace("PATH_OR_URL", str(stage.remote.bare)))
        assert program == "gitops-upgrader"
        status = run([*arguments, "--packages", packages] if arguments[0] == "init" else arguments)
        assert status == 0, f"{block.place}: {command}: {capsys.readouterr()}"


def test_from_nothing_to_a_sensible_diff_in_two_commands(
    stage: Stage, packages: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first block for a repository of one's own."""
    (block, *_) = [block for block in ALL if "gitops-upgrader init " in block.text and "README.md" in block.place]
    shutil.rmtree("upgrades")
    init, dry_run = [shlex.split(command)[1:] for command in block.commands]
    assert run([*init, "--packages", packages]) == 0
    capsys.readouterr()

    assert run(dry_run) == 0

    changes = [line for line in capsys.readouterr().out.splitlines() if re.match(r"[-+] ", line) and ":" in line]
    assert [line for line in changes if "image" not in line.lower() or "ubuntu" in line] == [
        "-    version: v1.34.2 # changed by pull request only",
        "+    version: v1.35.3 # changed by pull request only",
        "-    version: v1.34.1",
        "+    version: v1.35.3",
        "-        value: ubuntu-2404-kube-v1.34.1",
        "+        value: ubuntu-2404-kube-v1.35.3",
        '-    version: "v1.34.2"',
        '+    version: "v1.35.3"',
    ]
    assert stage.remote.bare.joinpath("gitops-upgrader").exists() is False


@pytest.mark.parametrize("block", _checked("pull-request"))
def test_the_pull_request_that_is_shown_is_the_one_that_is_made(block: Block, stage: Stage) -> None:
    assert run(["propose", "-m", "upgrades", "--upgrader", "prod"]) == 0
    (pull,) = (stage.remote.bare / "gitops-upgrader" / "pulls").iterdir()
    assert block.text in pull.read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


def test_the_readme_fits_on_two_screens() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100


def test_the_readme_begins_with_three_sentences() -> None:
    paragraph = (ROOT / "README.md").read_text(encoding="utf-8").split("\n\n")[1]
    assert len(re.findall(r"\.(?:\s|$)", paragraph)) == 3


def test_contributing_names_every_package() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in (ROOT / "gitops_upgrader").glob("*/__init__.py")}
    assert {name for name in packages if f"`{name}`" not in text} == set()
