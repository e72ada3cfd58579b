"""Repositories built in code, and servers for them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitops_upgrader.git import Person
from tests.gitserver import GitServer, git_http_server

WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROBOT = Person("gitops-upgrader", "robot@example.org")


class Fleet:
    """A bare repository that people push to. Each commit is a minute after the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._minutes = 0
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(path), at=path.parent)

    def git(self, *arguments: str, at: Path | None = None, stdin: bytes = b"") -> str:
        """Run `git` in the repository and return what it prints."""
        people = {"NAME": "Ada", "EMAIL": "ada@example.org", "DATE": f"{1_700_000_000 + 60 * self._minutes} +0000"}
        environment = os.environ | {
            f"GIT_{who}_{key}": people[key] for who in ("AUTHOR", "COMMITTER") for key in people
        }
        done = subprocess.run(
            ["git", *arguments], cwd=at or self.path, env=environment, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def run(self, command: list[str], stdin: bytes = b"") -> str:
        """Run any command in the repository and return what it prints."""
        done = subprocess.run(command, cwd=self.path, input=stdin, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def commit(
        self, files: dict[str, str | bytes], *, branch: str = "main", parents: tuple[str, ...] | None = None
    ) -> str:
        """Add a commit with these files over those of its first parent, as somebody else's push would."""
        self._minutes += 1
        tip = self.tip(branch)
        if parents is None:
            parents = (tip,) if tip else ()
        index = self.path / "test-index"
        index.unlink(missing_ok=True)
        given = {"GIT_INDEX_FILE": str(index)}
        os.environ.update(given)
        try:
            if parents:
                self.git("read-tree", parents[0])
            for name, content in files.items():
                data = content.encode() if isinstance(content, str) else content
                oid = self.git("hash-object", "-w", "--stdin", stdin=data)
                self.git("update-index", "--add", "--cacheinfo", f"100644,{oid},{name}")
            tree = self.git("write-tree")
        finally:
            del os.environ["GIT_INDEX_FILE"]
        options = [part for parent in parents for part in ("-p", parent)]
        commit = self.git("commit-tree", tree, *options, "-m", f"Change {', '.join(files)}")
        self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def tip(self, branch: str = "main") -> str | None:
        """Return where a branch is."""
        found = self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        return found or None

    def show(self, revision: str, path: str) -> str:
        """Return the text of a file at a revision."""
        return self.git("show", f"{revision}:{path}")

    def hook(self, name: str, script: str) -> None:
        """Install a hook."""
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """A repository with three commits on main and two clusters."""
    (tmp_path / "served").mkdir()
    made = Fleet(tmp_path / "served" / "fleet.git")
    made.commit({"README.md": "fleet\n"})
    made.commit({"clusters/dev.yaml": "version: v1.33.5\n", "clusters/prod.yaml": "version: v1.32.9\n"})
    made.commit({"README.md": "the fleet\n"})
    return made


@pytest.fixture
def server(fleet: Fleet) -> Iterator[GitServer]:
    """The fleet over loopback HTTP."""
    with git_http_server(fleet.path.parent) as running:
        yield running


@pytest.fixture
def url(server: GitServer) -> str:
    """The fleet's address."""
    return f"{server.url}/fleet.git"


@pytest.fixture
def checkout(fleet: Fleet, tmp_path: Path) -> Path:
    """A person's clone with uncommitted work: staged, unstaged and untracked."""
    path = tmp_path / "checkout"
    fleet.git("clone", "--quiet", str(fleet.path), str(path))
    (path / "README.md").write_text("mine, staged\n", "utf-8")
    fleet.git("add", "README.md", at=path)
    (path / "README.md").write_text("mine, unstaged\n", "utf-8")
    (path / "new.txt").write_text("untracked\n", "utf-8")
    return path
