"""What people do in a repository, with real Git objects: they push, merge, revert, rebase, force-push.

Everything is made in process, in a bare repository, a minute after what came before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, SortMode

START = datetime(2026, 8, 1, 8, tzinfo=UTC)
"""When the first commit is made."""


class Clock:
    """The time as a test has it; call it to read it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """Let time pass: `advance(hours=1)`."""
        self.now += timedelta(**by)
        return self.now


class People:
    """The hands of people on a bare repository; `main` is its default branch."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        if not path.exists():
            pygit2.init_repository(str(path), bare=True, initial_head="main")
        self.theirs: list[str] = []
        """Every commit that a person has made on another branch than main, in order."""

    @property
    def repository(self) -> pygit2.Repository:
        """The repository, opened anew: somebody else may have written to it."""
        return pygit2.Repository(str(self.path))

    # --- what is there

    def branches(self) -> dict[str, str]:
        """Every branch with its commit in hex."""
        repository = self.repository
        return {
            name.removeprefix("refs/heads/"): str(repository.references[name].resolve().target)
            for name in repository.references
            if name.startswith("refs/heads/")
        }

    def tip(self, branch: str = "main") -> str:
        """The commit that a branch points at."""
        return self.branches()[branch]

    def read(self, revision: str, path: str) -> str:
        """The text of a file."""
        repository = self.repository
        blob = repository[self._tree(repository, self.branches().get(revision, revision))[path].id].peel(pygit2.Blob)
        return blob.data.decode()

    def files(self, revision: str) -> dict[str, str]:
        """Every file at a revision, as text."""
        repository = self.repository
        index = pygit2.Index()
        index.read_tree(self._tree(repository, self.branches().get(revision, revision)))
        return {entry.path: repository[entry.id].peel(pygit2.Blob).data.decode() for entry in index}

    def history(self, branch: str) -> list[str]:
        """The commits that lead to a branch, newest first."""
        return self.reachable(self.tip(branch))

    def reachable(self, *tips: str) -> list[str]:
        """The commits that lead to some others, newest first."""
        repository = self.repository
        walker = repository.walk(None, SortMode.TOPOLOGICAL)
        for tip in tips:
            walker.push(pygit2.Oid(hex=tip))
        return [str(commit.id) for commit in walker]

    def tree(self, commit: str) -> str:
        """The object id of a commit's files."""
        return str(self.repository[commit].peel(pygit2.Tree).id)

    def author(self, commit: str) -> str:
        """The name of who wrote a commit."""
        return self.repository[commit].peel(pygit2.Commit).author.name

    # --- what they do

    def commit(
        self,
        files: Mapping[str, str | None],
        *,
        branch: str = "main",
        by: str = "Ann",
        message: str = "Change",
        author: str | None = None,
        parents: tuple[str, ...] | None = None,
        over: str | None = None,
        counts: bool = True,
    ) -> str:
        """Commit files (None: removed) and move the branch there.

        Args:
            author: who wrote it, where it is not who commits.
            parents: other parents than the branch's tip.
            over: the tree that the files are put over, where it is not the first parent's.
            counts: whether it holds work of theirs.
        """
        repository, there = self.repository, self.branches()
        if parents is None:
            parents = (there[branch],) if branch in there else ()
        index = pygit2.Index()
        if over or parents:
            index.read_tree(self._tree(repository, over or parents[0]))
        for path, text in files.items():
            if text is None:
                index.remove(path)
            else:
                oid = repository.create_blob(text.encode())
                index.add(pygit2.IndexEntry(path, oid, FileMode.BLOB))
        made = str(
            repository.create_commit(
                None,
                self._signature(author or by),
                self._signature(by),
                message,
                index.write_tree(repository),
                [pygit2.Oid(hex=parent) for parent in parents],
            )
        )
        self.move(branch, made)
        if counts and branch != "main":
            self.theirs.append(made)
        return made

    def move(self, branch: str, commit: str) -> None:
        """Force a branch to another commit."""
        self.repository.references.create(f"refs/heads/{branch}", pygit2.Oid(hex=commit), force=True)

    def branch(self, name: str) -> None:
        """Make a branch where main is."""
        self.move(name, self.tip())

    def delete(self, branch: str) -> None:
        """Delete a branch."""
        self.repository.references.delete(f"refs/heads/{branch}")

    def merge(self, source: str, into: str = "main", *, by: str = "Ann", evil: Mapping[str, str | None] = {}) -> str:
        """Merge with a merge commit; `evil` are changes that neither side has."""
        ours, theirs = self.tip(into), self.branches().get(source, source)
        tree = self._merged(ours, theirs)
        message = f"Merge {source}"
        return self.commit(
            evil, branch=into, by=by, message=message, parents=(ours, theirs), over=tree, counts=bool(evil)
        )

    def squash(self, source: str, into: str = "main", *, by: str = "Ann") -> str:
        """Merge as one commit of its own."""
        tree = self._merged(self.tip(into), self.tip(source))
        return self.commit({}, branch=into, by=by, message=f"Squash {source}", over=tree)

    def fast_forward(self, source: str, into: str = "main") -> str:
        """Move a branch to where another one is."""
        self.move(into, self.tip(source))
        return self.tip(source)

    def rebase(self, branch: str, onto: str = "main", *, by: str = "forge") -> str:
        """Put a branch's own commits on top of another branch: their authors and messages stay, merges go."""
        repository = self.repository
        made, base = self.tip(onto), set(self.history(onto))
        for oid in reversed([oid for oid in self.history(branch) if oid not in base]):
            mine = repository[oid].peel(pygit2.Commit)
            if len(mine.parent_ids) > 1:
                continue
            tree = self._merged(made, oid, base=str(mine.parent_ids[0]))
            made = self.commit(
                {},
                branch=branch,
                by=by,
                author=mine.author.name,
                message=mine.message,
                parents=(made,),
                over=tree,
                counts=False,
            )
        return made

    def amend(self, branch: str, files: Mapping[str, str | None], *, by: str = "Ann") -> str:
        """`git commit --amend`: the author stays, who commits does not."""
        last = self.repository[self.tip(branch)].peel(pygit2.Commit)
        parents = tuple(str(parent) for parent in last.parent_ids)
        return self.commit(
            files,
            branch=branch,
            by=by,
            author=last.author.name,
            message=last.message,
            parents=parents,
            over=str(last.id),
        )

    def revert(self, commit: str, *, branch: str = "main", by: str = "Ann") -> str:
        """Undo a commit (of a merge: what came with it) in a new one."""
        first = str(self.repository[commit].peel(pygit2.Commit).parent_ids[0])
        tree = self._merged(self.tip(branch), first, base=commit)
        return self.commit({}, branch=branch, by=by, message=f"Revert {commit[:7]}", over=tree)

    # --- inside

    def _merged(self, ours: str, theirs: str, base: str | None = None) -> str:
        repository = self.repository
        if base is None:
            base = str(repository.merge_base(pygit2.Oid(hex=ours), pygit2.Oid(hex=theirs)))
        index = repository.merge_trees(
            self._tree(repository, base), self._tree(repository, ours), self._tree(repository, theirs)
        )
        assert index.conflicts is None, f"{theirs} does not merge into {ours}"
        return str(index.write_tree(repository))

    def _tree(self, repository: pygit2.Repository, oid: str) -> pygit2.Tree:
        return repository[oid].peel(pygit2.Tree)

    def _signature(self, name: str) -> pygit2.Signature:
        email = ROBOT_EMAIL if name == ROBOT_NAME else f"{name.lower()}@example.org"
        when = int(self.clock.advance(minutes=1).timestamp())
        return pygit2.Signature(name, email, when, 0)


ROBOT_NAME, ROBOT_EMAIL = "gitops-upgrader", "gitops-upgrader@noreply.invalid"
