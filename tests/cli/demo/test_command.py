"""The demonstration from its first line to its last: it is the first thing that a new user runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gitops_upgrader.cli.demo.narration import program
from gitops_upgrader.cli.run import run
from tests.need import need


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _git(repository: Path, *order: str) -> str:
    done = subprocess.run([need("git"), "-C", repository, *order], capture_output=True, text=True, check=True)
    return done.stdout


def _between(text: str, begin: str, end: str) -> str:
    return text[text.index(begin) : text.index(end)]


def test_two_hops_of_one_cluster_and_a_newer_patch_for_the_others(
    tmp_path: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kept"
    assert run(["demo", "--keep", str(folder)]) == 0
    shown, notes = capsys.readouterr()
    assert notes == ""

    first = _between(shown, "\n3  ", "\n4  ")
    assert re.findall(r"^. fleet.*", first, re.MULTILINE) == [
        "+ fleet/dev  v1.34.2 -> v1.35.3  opened",
        "+ fleet/prod  v1.34.1 -> v1.35.3  opened",
        "+ fleet/staging  v1.34.2 -> v1.35.3  opened",
    ]
    assert "-        value: ubuntu-2404-kube-v1.34.1\n+        value: ubuntu-2404-kube-v1.35.3\n" in first
    assert "git merge --no-ff origin/gitops-upgrader/fleet/dev" in _between(shown, "\n4  ", "\n5  ")
    second = _between(shown, "\n5  ", "\n6  ")
    assert re.findall(r"^. fleet.*", second, re.MULTILINE) == [
        "+ fleet/dev  v1.35.3 -> v1.36.1  opened",
        "~ fleet/prod  v1.34.1 -> v1.35.4  updated",
        "~ fleet/staging  v1.34.2 -> v1.35.4  updated",
    ]

    bare = folder / "fleet.git"
    pulls = bare / "gitops-upgrader" / "pulls"
    states = {
        path.name: re.findall(r"^(?:state|title): (.*)", path.read_text(), re.MULTILINE) for path in pulls.iterdir()
    }
    assert states == {
        "1.md": ["merged", "Upgrade dev from v1.34.2 to v1.35.3"],
        "2.md": ["open", "Upgrade prod from v1.34.1 to v1.35.4"],
        "3.md": ["open", "Upgrade staging from v1.34.2 to v1.35.4"],
        "4.md": ["open", "Upgrade dev from v1.35.3 to v1.36.1"],
    }
    assert "    version: v1.35.3 # changed by pull request only\n" in _git(bare, "show", "main:clusters/dev.yaml")
    assert _git(bare, "diff", "--numstat", "main", "gitops-upgrader/fleet/prod").split() == [
        *("2", "2", "clusters/prod/cluster.yaml")
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["fleet", "fleet.git", "upgrades"]
    assert list(temporary.iterdir()) == []


def test_the_folder_is_kept_and_every_command_that_is_shown_for_it_works(
    temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo"]) == 0
    shown = capsys.readouterr().out
    (folder,) = temporary.iterdir()
    commands = re.findall(r"^\$ (.*)", shown[shown.index("\n6  ") :], re.MULTILINE)
    looks, clean = commands[: commands.index(f"rm -rf {folder}")], f"rm -rf {folder}"
    assert looks[0] == f"cd {folder}"
    script = "set -e\n" + "\n".join(looks)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Merge remote-tracking branch 'origin/gitops-upgrader/fleet/dev'" in done.stdout
    assert "ubuntu-2404-kube-v1.35.4" in done.stdout
    subprocess.run(["sh", "-c", clean], check=True)
    assert list(temporary.iterdir()) == []


def test_a_proxy_of_the_machine_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert run(["demo", "--keep", str(tmp_path / "kept")]) == 0
    assert os.environ["no_proxy"] == "example.com"
    assert "NO_PROXY" not in os.environ


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert run(["demo", "--keep", str(tmp_path)]) == 1
    remedy = f"Name a new folder, or empty this one: rm -r {tmp_path}"
    assert capsys.readouterr() == ("", f"error: {tmp_path}: The folder is not empty. {remedy}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    wanted = tmp_path / "file" / "folder"
    assert run(["demo", "--keep", str(wanted)]) == 1
    words = f"error: {wanted}: The folder cannot be made: Not a directory. Name another folder.\n"
    assert capsys.readouterr() == ("", words)


def test_without_git_nothing_is_left_behind(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(temporary / "empty"))
    assert run(["demo"]) == 1
    shown, notes = capsys.readouterr()
    assert (shown, notes.count("\n")) == ("", 1)
    assert "git" in notes
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("started", "on_path", "typed"),
    [
        ("/opt/venv/bin/gitops-upgrader", True, "gitops-upgrader"),
        ("/opt/venv/bin/gitops-upgrader", False, "/opt/venv/bin/gitops-upgrader"),
        ("/opt/my venv/bin/gitops-upgrader", False, "'/opt/my venv/bin/gitops-upgrader'"),
        ("/opt/gitops_upgrader/__main__.py", False, "gitops-upgrader"),
    ],
)
def test_commands_for_ones_own_repository_work_where_the_shell_does_not_find_the_program(
    started: str, typed: str, monkeypatch: pytest.MonkeyPatch, *, on_path: bool
) -> None:
    """`make demo` starts it from a virtual environment that nobody has activated."""
    monkeypatch.setattr(sys, "argv", [started, "demo"])
    monkeypatch.setattr(shutil, "which", lambda _: started if on_path else None)
    assert program() == typed
