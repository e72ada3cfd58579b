"""Folders as hosts: a bare repository, with pull requests as files or with none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gitops_upgrader.forges.local import LocalForge
from gitops_upgrader.forges.none import NoForge
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.git import Location
from gitops_upgrader.model import PullRequest
from tests.pulls.host import Hands
from tests.pulls.people import Clock, People


class LocalHost(Hands):
    """A bare repository with pull requests as files; people edit the files."""

    name = "local"
    gives = frozenset({"pulls", "branch-stays-open", "time"})

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.people = People(folder / "fleet.git", clock)
        self._clock = clock
        self._folder = folder / "fleet.git" / "gitops-upgrader" / "pulls"

    def location(self) -> Location:
        """The folder."""
        return Location.local(self.people.path)

    def forge(self) -> Forge:
        """Files beside the repository."""
        return LocalForge(self._folder, self._clock)

    def pull(self, number: int) -> PullRequest:
        """One pull request."""
        return self.forge().get(number)

    def pulls(self) -> tuple[PullRequest, ...]:
        """Every pull request."""
        numbers = sorted(int(path.stem) for path in self._folder.glob("*.md"))
        return tuple(self.pull(number) for number in numbers)

    def comments(self, number: int) -> tuple[str, ...]:
        """The comments in the front matter."""
        read = LocalForge(self._folder)._read(number)
        return tuple(comment.text for comment in read.front.comments)

    def verdict(self, number: int, commit: str) -> str | None:
        """The verdict in the front matter."""
        return LocalForge(self._folder)._read(number).front.verdicts.get(commit)

    def merged(self, number: int, commit: str) -> None:
        """Nobody tells a folder."""

    def close(self, number: int) -> None:
        """Edit `state`."""
        self._rewrite(number, "state: open", "state: closed")

    def reopen(self, number: int) -> None:
        """Edit `state`."""
        self._rewrite(number, "state: closed", "state: open")

    def edit(self, number: int, body: str) -> None:
        """Write another body below the front matter."""
        path = self._folder / f"{number}.md"
        front, _, _ = path.read_text("utf-8").removeprefix("---\n").partition("\n---\n")
        path.write_text(f"---\n{front}\n---\n{body}", "utf-8")

    def label(self, number: int, label: str) -> None:
        """Write a list of labels."""
        there = sorted(self.pull(number).labels)
        path = self._folder / f"{number}.md"
        text = re.sub(r"^labels:\n(- .*\n)+", "", path.read_text("utf-8"), count=1, flags=re.MULTILINE)
        path.write_text(text, "utf-8")
        self._rewrite(number, "createdAt:", f"labels: {[*there, label]}\ncreatedAt:")

    def unlabel(self, number: int, label: str) -> None:
        """Take it out of the list."""
        self._change(number, labels=sorted(self.pull(number).labels - {label}))

    def title(self, number: int, title: str) -> None:
        """Edit `title`."""
        self._change(number, title=title)

    def draft(self, number: int, draft: bool) -> None:
        """Edit `draft`."""
        self._change(number, draft=draft)

    def retarget(self, number: int, base: str) -> None:
        """Edit `base`."""
        self._change(number, base=base)

    def take_only_up_to_date(self) -> None:
        """There is nobody to ask for that."""
        raise NotImplementedError

    def approve(self, number: int) -> None:
        """There is nobody to ask."""
        raise NotImplementedError

    def enqueue(self, number: int) -> None:
        """There is no queue."""
        raise NotImplementedError

    def _change(self, number: int, **fields: Any) -> None:
        LocalForge(self._folder)._change(number, **fields)

    def _rewrite(self, number: int, old: str, new: str) -> None:
        path = self._folder / f"{number}.md"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")


class BareHost(LocalHost):
    """A host whose pull requests are not spoken: the branch is the proposal."""

    name = "none"
    gives = frozenset({"time"})

    def forge(self) -> Forge:
        """None."""
        return NoForge()

    def pulls(self) -> tuple[PullRequest, ...]:
        """There are none."""
        return ()
