"""Git hosts as scenarios and crash tests drive them: one interface, and the hosts that need no server.

A host is a repository, its forge, and the buttons that people press there. Whoever adds a forge adds a host; every
scenario then runs on it too, but for those that need what it has not got.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from gitops_upgrader.errors import ForgeNotFound
from gitops_upgrader.forges import comments, protocol
from gitops_upgrader.forges.local import LocalForge
from gitops_upgrader.forges.none import NoForge
from gitops_upgrader.forges.protocol import Capabilities, Forge, MergeMethod, NewPull, Verdict
from gitops_upgrader.git import Location
from gitops_upgrader.model import PullRequest, PullState
from tests.pulls.people import Clock, People


class Host(Protocol):
    """A Git host. Numbers are those of pull requests.

    Attributes:
        gives: what people can do here beside pushing: `pulls`, `approvals`, `queue`, `auto-merge`; and how the host
            is: `tells-merges`, `branch-closes` or `branch-stays-open`, `up-to-date` where a base can ask for that,
            `time` where its clock is the test's.
        people: their hands on the repository.
        person: the name of somebody whom the forge knows.
    """

    name: str
    gives: frozenset[str]
    people: People
    person: str

    def location(self) -> Location:
        """Where the program finds the repository."""

    def forge(self) -> Forge:
        """The forge as the program sees it."""

    def pull(self, number: int) -> PullRequest:
        """One pull request as it is."""

    def pulls(self) -> tuple[PullRequest, ...]:
        """Every pull request, oldest first."""

    def comments(self, number: int) -> tuple[str, ...]:
        """What was said under one, oldest first."""

    def verdict(self, number: int, commit: str) -> object:
        """What the commit status of a pull request's commit says."""

    def merge(self, number: int, how: str) -> str:
        """A person presses "merge" (`merges`, `squashes`, `fast-forwards to`). Returns what came to the base."""

    def update_branch(self, number: int, how: str) -> None:
        """A person presses "Update branch" (`merges main into`, `rebases`)."""

    def restore_branch(self, number: int) -> None:
        """A person presses "Restore branch"."""

    def protect(self) -> None:
        """The base branch asks for something before a merge, so that the forge can merge by itself later."""

    def close(self, number: int) -> None:
        """A person closes it."""

    def reopen(self, number: int) -> None:
        """A person reopens it."""

    def edit(self, number: int, body: str) -> None:
        """A person edits the body."""

    def label(self, number: int, label: str) -> None:
        """A person adds a label."""

    def unlabel(self, number: int, label: str) -> None:
        """A person takes a label off."""

    def title(self, number: int, title: str) -> None:
        """A person edits the title."""

    def draft(self, number: int, draft: bool) -> None:
        """A person makes it a draft, or ready for review."""

    def retarget(self, number: int, base: str) -> None:
        """A person points it at another base."""

    def take_only_up_to_date(self) -> None:
        """The base branch takes only branches that are up to date with it."""

    def approve(self, number: int) -> None:
        """A person approves."""

    def enqueue(self, number: int) -> None:
        """A person puts it into the merge queue."""


class Hands:
    """The buttons of a host that sees what is done in its repository."""

    people: People
    person = "bob"

    def merge(self, number: int, how: str) -> str:
        """Merge in the repository, and tell the forge."""
        people, branch = self.people, self.pull(number).head
        ways = {"merges": people.merge, "squashes": people.squash, "fast-forwards to": people.fast_forward}
        commit = ways[how](branch)
        self.merged(number, commit)
        return commit

    def update_branch(self, number: int, how: str) -> None:
        """Do it in the repository, in the forge's name."""
        branch = self.pull(number).head
        if how == "rebases":
            self.people.rebase(branch)
        else:
            self.people.merge("main", branch, by="forge")

    def restore_branch(self, number: int) -> None:
        """Put it back to where it was."""
        pull = self.pull(number)
        self.people.move(pull.head, pull.head_commit)

    def protect(self) -> None:
        """Nothing is needed for that."""

    def pull(self, number: int) -> PullRequest:
        """One pull request."""
        raise NotImplementedError

    def merged(self, number: int, commit: str) -> None:
        """Take note that `commit` came to the base."""
        raise NotImplementedError


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


@dataclass
class _Kept:
    """A pull request as the forge in memory keeps it."""

    pull: PullRequest
    comments: dict[str, str] = field(default_factory=dict)
    people: protocol.People = field(default_factory=protocol.People)


class MemoryForge:
    """A forge as the big ones are: it knows of merges by itself, of approvals, of a queue, and can merge by itself."""

    name = "memory"
    capabilities = Capabilities(opens_pulls=True, tells_merges=True)

    def __init__(self, clock: Clock) -> None:
        self.kept: dict[int, _Kept] = {}
        self.verdicts: dict[str, tuple[Verdict, str]] = {}
        self.refuses_auto_merge: str | None = None
        self.refuses_people: tuple[str, ...] = ()
        self.refuses_labels: str | None = None
        self.button: str | None = None
        self._clock = clock
        self._numbers: Iterator[int] = itertools.count(1)

    def start_at(self, number: int) -> None:
        """Give this number to the next pull request."""
        self._numbers = itertools.count(number)

    def find(self, branch: str, *, anew: bool = True) -> tuple[PullRequest, ...]:
        """Newest first."""
        return tuple(pull for pull in self._newest_first() if pull.head == branch)

    def recent(self, prefix: str, since: datetime) -> tuple[PullRequest, ...]:
        """Open, or young."""
        return tuple(
            pull
            for pull in self._newest_first()
            if pull.head.startswith(prefix) and (pull.state is PullState.OPEN or pull.created_at >= since)
        )

    def get(self, number: int) -> PullRequest:
        """One of them."""
        if number not in self.kept:
            raise ForgeNotFound(f"There is no pull request {number}.")
        return self.kept[number].pull

    def create(self, new: NewPull) -> PullRequest:
        """Open one."""
        for pull in self.find(new.head):
            if pull.state is PullState.OPEN and pull.base == new.base:
                return pull
        pull = PullRequest(
            number := next(self._numbers),
            f"https://forge.example/fleet/pulls/{number}",
            new.title,
            new.body,
            PullState.OPEN,
            new.head,
            new.base,
            new.head_commit,
            self._clock(),
            draft=new.draft,
        )
        self.kept[number] = _Kept(pull)
        return pull

    def update(self, number: int, *, title: str, body: str, head_commit: str) -> PullRequest:
        """Title and body; the head is what was pushed."""
        return self._change(number, title=title, body=body, head_commit=head_commit)

    def comment(self, number: int, key: str, text: str) -> None:
        """Once."""
        comments.marker(key)  # which refuses what no forge could find again
        self.kept[number].comments.setdefault(key, text)

    def close(self, number: int) -> None:
        """Unless it is merged."""
        if self.get(number).state is PullState.OPEN:
            self._change(number, state=PullState.CLOSED, closed_at=self._clock(), auto_merge=False)

    def mark_merged(self, number: int, commit: str, when: datetime) -> PullRequest:
        """Nobody has to tell this forge."""
        raise AssertionError("a forge that tells of merges is told of none")

    def involve(self, number: int, people: protocol.People) -> tuple[str, ...]:
        """Take everybody but those that are refused."""
        self.kept[number].people = people
        self._change(number, labels=self.get(number).labels | set(people.labels))
        return self.refuses_people

    def drop_label(self, number: int, label: str) -> str | None:
        """As said, unless it is refused."""
        if self.refuses_labels is None:
            self._change(number, labels=self.get(number).labels - {label})
        return self.refuses_labels

    def set_draft(self, number: int, *, draft: bool) -> None:
        """As said."""
        self._change(number, draft=draft)

    def update_button(self, base: str) -> str | None:
        """As the test says."""
        return self.button

    def arm_auto_merge(self, number: int, method: MergeMethod) -> str | None:
        """As said, unless it is refused."""
        assert not self.get(number).draft, "no forge merges drafts"
        if self.refuses_auto_merge is None:
            self._change(number, auto_merge=True)
        return self.refuses_auto_merge

    def disarm_auto_merge(self, number: int) -> None:
        """As said."""
        self._change(number, auto_merge=False)

    def set_verdict(self, commit: str, verdict: Verdict, summary: str) -> None:
        """On the commit."""
        assert len(summary) <= protocol.SUMMARY_LENGTH
        self.verdicts[commit] = (verdict, summary)

    def branch_url(self, branch: str) -> str:
        """A page."""
        return f"https://forge.example/fleet/tree/{branch}"

    def file_url(self, commit: str, path: str, line: int) -> str | None:
        """A page."""
        return f"https://forge.example/fleet/blob/{commit}/{path}#L{line}"

    def _newest_first(self) -> list[PullRequest]:
        return [self.kept[number].pull for number in sorted(self.kept, reverse=True)]

    def _change(self, number: int, **fields: object) -> PullRequest:
        kept = self.kept[number]
        kept.pull = replace(kept.pull, **fields)  # type: ignore[arg-type]  # the fields are those of PullRequest
        return kept.pull


class MemoryHost(Hands):
    """A bare repository with a forge in memory that can do what the big ones can."""

    name = "memory"
    gives = frozenset(
        {"pulls", "approvals", "queue", "auto-merge", "tells-merges", "branch-stays-open", "up-to-date", "time"}
    )

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.people = People(folder / "fleet.git", clock)
        self.memory = MemoryForge(clock)
        self._clock = clock

    def location(self) -> Location:
        """The folder."""
        return Location.local(self.people.path)

    def forge(self) -> Forge:
        """The one in memory."""
        self._look()
        return self.memory

    def _look(self) -> None:
        """See what was pushed, as a forge does, and forget approvals at a push."""
        heads = self.people.branches()
        for number, kept in self.memory.kept.items():
            now = heads.get(kept.pull.head)
            if kept.pull.state is PullState.OPEN and now and now != kept.pull.head_commit:
                self.memory._change(number, head_commit=now, approved=False)

    def pull(self, number: int) -> PullRequest:
        """One of them."""
        self._look()
        return self.memory.get(number)

    def pulls(self) -> tuple[PullRequest, ...]:
        """Oldest first."""
        self._look()
        return tuple(self.memory.kept[number].pull for number in sorted(self.memory.kept))

    def comments(self, number: int) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(self.memory.kept[number].comments.values())

    def verdict(self, number: int, commit: str) -> tuple[Verdict, str] | None:
        """What was said of it."""
        return self.memory.verdicts.get(commit)

    def merged(self, number: int, commit: str) -> None:
        """The forge did it itself."""
        self.memory._change(
            number, state=PullState.MERGED, merged_at=self._clock(), merged_by="Ann", approved=False, queued=False
        )

    def close(self, number: int) -> None:
        """Press the button."""
        self.memory._change(number, state=PullState.CLOSED, closed_at=self._clock(), closed_by="Ann")

    def reopen(self, number: int) -> None:
        """Press the button."""
        self.memory._change(number, state=PullState.OPEN, closed_at=None, closed_by=None)

    def edit(self, number: int, body: str) -> None:
        """Edit the description."""
        self.memory._change(number, body=body)

    def label(self, number: int, label: str) -> None:
        """Add it."""
        self.memory._change(number, labels=self.pull(number).labels | {label})

    def unlabel(self, number: int, label: str) -> None:
        """Take it off."""
        self.memory._change(number, labels=self.pull(number).labels - {label})

    def title(self, number: int, title: str) -> None:
        """Edit the title."""
        self.memory._change(number, title=title)

    def draft(self, number: int, draft: bool) -> None:
        """Press the button."""
        self.memory._change(number, draft=draft)

    def retarget(self, number: int, base: str) -> None:
        """Choose another base."""
        self.memory._change(number, base=base)

    def take_only_up_to_date(self) -> None:
        """Change the settings."""
        self.memory.button = "Update branch"

    def approve(self, number: int) -> None:
        """Press the button."""
        self.memory._change(number, approved=True)

    def enqueue(self, number: int) -> None:
        """Press the button."""
        self.memory._change(number, queued=True)


HOSTS: Mapping[str, type[LocalHost | MemoryHost]] = {"local": LocalHost, "memory": MemoryHost, "none": BareHost}
"""The hosts that need no server, by name."""
