"""A host with a forge in memory, which can do what the big ones can."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from gitops_upgrader.errors import ForgeNotFound
from gitops_upgrader.forges import comments, protocol
from gitops_upgrader.forges.protocol import Capabilities, Forge, MergeMethod, NewPull, Verdict
from gitops_upgrader.git import Location
from gitops_upgrader.model import PullRequest, PullState
from tests.pulls.host import Hands
from tests.pulls.people import Clock, People


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
