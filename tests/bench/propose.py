"""`propose --cluster` on a large repository, beside git, grep and sed, which is how people do it by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import repository
from tests.bench.comparison import Comparison, alternate, scratch, timed
from tests.gitserver import git_http_server
from tests.need import need

TARGET: Final = "v1.35.3"
_NUMBER: Final = 2_500
"""The cluster in the middle."""


def run() -> Iterator[Comparison]:
    """Compare the way from a URL to a pushed branch."""
    with scratch() as folder, git_http_server(folder) as server:
        bare = folder / "fleet.git"
        repository.create(bare)
        race = Race(bare, f"{server.url}/fleet.git", folder / "clone")
        ours, theirs = alternate(race.ours, race.theirs)
    name = f"propose --cluster, {repository.CLUSTERS * repository.FILES} files : git clone, grep, sed, commit, push"
    yield Comparison(name, ours, theirs, bound=1.0)


@dataclass(frozen=True, slots=True)
class Race:
    """The same change by two ways, from and to the same server."""

    bare: Path
    url: str
    clone: Path

    def ours(self) -> float:
        """Seconds of `gitops-upgrader propose`."""
        cluster = f"{repository.NAMESPACE}/{repository.name(_NUMBER)}"
        order = [
            *(sys.executable, "-m", "gitops_upgrader", "propose", "--cluster", cluster, "--to", TARGET),
            *("--repo", self.url, "--provider", "none", "--output", "json"),
        ]
        took = timed(lambda: self._do(*order))
        self._judge(f"gitops-upgrader/_cluster/{cluster}")
        return took

    def theirs(self) -> float:
        """Seconds of what people do."""
        took = timed(self._by_hand)
        shutil.rmtree(self.clone)
        self._judge("by-hand")
        return took

    def _by_hand(self) -> None:
        git, here = str(need("git")), str(self.clone)
        self._do(git, "clone", "--quiet", "--depth", "1", self.url, here)
        found = self._do("grep", "-rl", f"^  name: {repository.name(_NUMBER)}$", here).split()
        self._do("sed", "-i", f"s/^    version: {repository.VERSION}$/    version: {TARGET}/", *found)
        self._do(git, "-C", here, "commit", "--quiet", "--all", "--message", "Upgrade")
        self._do(git, "-C", here, "push", "--quiet", "origin", "HEAD:refs/heads/by-hand")

    def _judge(self, branch: str) -> None:
        """See that exactly the version was changed, and take the branch away again."""
        git = str(need("git"))
        diff = self._do(git, "-C", str(self.bare), "diff", "--unified=0", "main", branch)
        lines = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in {"---", "+++"}]
        if lines != [f"-    version: {repository.VERSION}", f"+    version: {TARGET}"]:
            raise AssertionError(f"{branch} is not the change that was wanted: {diff}")
        self._do(git, "-C", str(self.bare), "update-ref", "-d", f"refs/heads/{branch}")

    def _do(self, *order: str) -> str:
        person = {f"GIT_{role}_{key}": "a@example.com" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        environment = {**os.environ, **person, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(order, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
