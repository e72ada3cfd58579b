"""Commits: who, when and why, read from and written to the object database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pygit2
from pygit2.enums import ObjectType

from gitops_upgrader.errors import InvalidIdentity
from gitops_upgrader.git.signing import Signer
from gitops_upgrader.git.trees import missing, put

_CRUD = re.compile(r"[<>\x00-\x1f\x7f]")
_EDGES = " \t\r\n.,:;\"'\\"
"""What Git takes off both ends of a name, as do libgit2 and we, so that all read the same."""
_LONGEST_OFFSET = timedelta(hours=23, minutes=59)


@dataclass(frozen=True, slots=True)
class Person:
    """An author or committer."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit. Ids are in hex; `when` is the committer's time, which tells when it came to be in this place."""

    oid: str
    parents: tuple[str, ...]
    tree: str
    author: Person
    committer: Person
    message: str
    when: datetime


def read_commit(repository: pygit2.Repository, oid: str) -> CommitInfo:
    """Return a commit's values. Text that is not UTF-8 is shown with replacement characters.

    Raises:
        ObjectMissing: the repository has no such commit.
    """
    commit = lookup(repository, oid)
    return CommitInfo(
        oid=str(commit.id),
        parents=tuple(str(parent) for parent in commit.parent_ids),
        tree=str(commit.tree_id),
        author=_person(commit.author),
        committer=_person(commit.committer),
        message=commit.raw_message.decode("utf-8", "replace"),
        when=_time(commit.committer),
    )


def lookup(repository: pygit2.Repository, oid: str) -> pygit2.Commit:
    """Return the commit of an object id, looking through a tag.

    Raises:
        ObjectMissing: the repository has no such commit.
    """
    try:
        return repository[oid].peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError):
        raise missing(oid) from None


def write_commit(
    repository: pygit2.Repository,
    *,
    tree: pygit2.Oid,
    parents: tuple[str, ...],
    message: str,
    author: Person,
    committer: Person,
    when: datetime,
    signer: Signer | None = None,
) -> str:
    """Write a commit object and return its id. The same arguments give the same id (unless signatures differ).

    Args:
        repository: where the object goes.
        tree: the root.
        parents: ids in hex.
        message: its text, which then ends with one line end.
        author: who made the change.
        committer: who made the commit.
        when: an aware time; its seconds and offset from UTC are kept.
        signer: signs the commit, in the header `gpgsig`.

    Raises:
        InvalidIdentity: a name or address is empty, or has `<`, `>` or a line break in it.
        InvalidSigningKey: the signer cannot sign.
    """
    stamp = _stamp(when)
    head = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    head += [f"author {_identity(author)} {stamp}", f"committer {_identity(committer)} {stamp}"]
    text = message.replace("\0", "").strip("\n") + "\n"
    payload = "\n".join([*head, "", text]).encode("utf-8", "replace")
    if signer is None:
        return str(put(repository, ObjectType.COMMIT, payload))
    signature = signer.sign(payload).strip("\n").replace("\n", "\n ")  # a header goes on where a line begins with " "
    signed = "\n".join([*head, f"gpgsig {signature}", "", text]).encode("utf-8", "replace")
    return str(put(repository, ObjectType.COMMIT, signed))


def _identity(person: Person) -> str:
    found = []
    for part, value in (("name", person.name), ("e-mail address", person.email)):
        trimmed = value.strip(_EDGES)
        if not trimmed or _CRUD.search(trimmed):
            raise InvalidIdentity(
                f"The {part} {value!r} cannot stand in a commit.",
                remedy="It must not be empty, nor have <, > or a line break in it.",
            )
        found.append(trimmed)
    return f"{found[0]} <{found[1]}>"


def _stamp(when: datetime) -> str:
    offset = when.utcoffset()
    if offset is None:
        raise ValueError("a commit's time must know its offset from UTC")
    minutes = int(offset.total_seconds()) // 60
    return f"{int(when.timestamp())} {'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"


def _person(signature: pygit2.Signature) -> Person:
    return Person(signature.raw_name.decode("utf-8", "replace"), signature.raw_email.decode("utf-8", "replace"))


def _time(signature: pygit2.Signature) -> datetime:
    offset = timedelta(minutes=signature.offset)
    zone = timezone(offset) if abs(offset) <= _LONGEST_OFFSET else UTC  # commits with absurd zones do exist
    try:
        return datetime.fromtimestamp(signature.time, zone)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
