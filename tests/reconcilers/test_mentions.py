"""Questions whether a repository mentions an image, and how long their answers hold."""

from __future__ import annotations

from gitops_upgrader.model import Blob, Target
from gitops_upgrader.reconcilers.mentions import Mentions
from gitops_upgrader.versions import Version
from tests.reconcilers.workspace import REPOSITORY, SYNCER_KEY, Files, Seen, look

WANTED = frozenset({Target(Version.parse("v1.33.1"), "ami-1"), Target(Version.parse("v1.33.2"))})


def test_an_answer_holds_until_a_branch_moves() -> None:
    mentions = Mentions()
    seen = Seen(Files({"a.yaml": b"ami-1"}))
    assert mentions.ask(REPOSITORY, WANTED, SYNCER_KEY) is None
    assert mentions.is_asked(REPOSITORY)
    look(mentions, seen)
    assert not mentions.is_asked(REPOSITORY)
    assert mentions.ask(REPOSITORY, WANTED, SYNCER_KEY) == frozenset({Target(Version.parse("v1.33.1"), "ami-1")})
    assert look(mentions, seen) == frozenset()
    assert mentions.ask(REPOSITORY, WANTED, SYNCER_KEY) is not None
    look(mentions, Seen(seen.repository, refs={"gitops-upgrader/fleet/prod": "c3"}))
    assert mentions.ask(REPOSITORY, WANTED, SYNCER_KEY) is None
    look(mentions, seen)
    mentions.forget(REPOSITORY)
    assert mentions.ask(REPOSITORY, WANTED, SYNCER_KEY) is None


def test_nothing_is_read_where_nobody_asks() -> None:
    class Unreadable(Files):
        def tree(self, commit: str) -> Files:
            raise AssertionError("nobody asked")

    mentions = Mentions()
    assert look(mentions, Seen(Unreadable({}))) == frozenset()


def test_whoever_asks_for_more_meanwhile_is_answered_by_the_next_look() -> None:
    mentions = Mentions()
    more = WANTED | {Target(Version.parse("v1.33.9"))}

    class Slow(Files):
        def read(self, blob: Blob) -> bytes:
            mentions.ask(REPOSITORY, more, SYNCER_KEY)
            return super().read(blob)

    mentions.ask(REPOSITORY, WANTED, SYNCER_KEY)
    assert look(mentions, Seen(Slow({"a": b""}))) == {SYNCER_KEY}
    assert mentions.is_asked(REPOSITORY)
    assert look(mentions, Seen(Files({"a": b"v1.33.9"}))) == {SYNCER_KEY}
    assert mentions.ask(REPOSITORY, more, SYNCER_KEY) == frozenset({Target(Version.parse("v1.33.9"))})
