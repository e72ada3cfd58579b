from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from gitops_upgrader.errors import HistoryMissing, NetworkError, ObjectMissing
from gitops_upgrader.git import Checkout, Location, Repository
from tests.git.conftest import Fleet
from tests.gitserver import GitServer, git_http_server


@pytest.fixture
def long(fleet: Fleet) -> Fleet:
    """Seventy commits on main, each of another minute, made in one go."""
    tip = fleet.tip()
    lines = []
    for number in range(70):
        who = f"Ada <ada@example.org> {1_700_001_000 + 60 * number} +0000"
        text = f"{number}\n"
        lines += ["commit refs/heads/main", f"author {who}", f"committer {who}", f"data {len(text)}", text]
        lines += [f"from {tip}"] if number == 0 else []
        lines += [f"M 100644 inline README.md\ndata {len(text)}", text]
    fleet.git("fast-import", "--quiet", stdin="\n".join(lines).encode())
    return fleet


@pytest.fixture
def url(long: Fleet) -> Iterator[str]:
    with git_http_server(long.path.parent) as server:
        yield f"{server.url}/fleet.git"


@pytest.fixture(params=["remote", "local"])
def repository(request: pytest.FixtureRequest, long: Fleet, url: str) -> Iterator[Repository]:
    location = Location.parse(url) if request.param == "remote" else Location.local(long.path)
    with Repository.open(location) as opened:
        yield opened


def test_questions_bring_the_history_that_answers_them(long: Fleet, repository: Repository) -> None:
    fork = long.git("rev-parse", "main~60")
    ours = long.commit({"clusters/dev.yaml": "ours\n"}, branch="ours", parents=(fork,))
    tips = repository.fetch(["main", "ours"])
    assert repository.merge_base(tips["main"], ours) == fork
    assert [commit.oid for commit in repository.commits_between(tips["main"], ours)] == [ours]
    assert len(repository.commits_between(ours, tips["main"])) == 60
    assert repository.is_ancestor(fork, ours)
    assert not repository.is_ancestor(ours, tips["main"])
    assert repository.is_ancestor(ours, ours)
    assert repository.commits_between(ours, ours) == ()


def test_a_commit_deep_in_the_history_is_found_without_being_fetched(long: Fleet, repository: Repository) -> None:
    """As when a commit's id is remembered from an earlier run."""
    tip = repository.fetch(["main"])["main"]
    old = long.git("rev-parse", "main~65")
    assert repository.is_ancestor(old, tip)
    assert not repository.is_ancestor(tip, old)
    assert len(repository.commits_between(old, tip)) == 65


def test_commits_come_newest_first_with_all_that_they_say(long: Fleet, repository: Repository) -> None:
    tip = repository.fetch(["main"])["main"]
    base = long.git("rev-parse", "main~3")
    repository.fetch(["main"], depth=None)
    found = repository.commits_between(base, tip)
    assert [commit.oid for commit in found] == long.git("rev-list", f"{base}..{tip}").split()
    assert str(found[0].author) == "Ada <ada@example.org>"
    assert (found[0].message, found[0].when.isoformat()) == ("69\n", "2023-11-14T23:39:00+00:00")
    assert found[0].parents == (found[1].oid,)


def test_histories_without_a_common_ancestor_have_none(long: Fleet, repository: Repository) -> None:
    other = long.commit({"x": "y\n"}, branch="other", parents=())
    tips = repository.fetch(["main", "other"])
    assert repository.merge_base(tips["main"], other) is None
    assert not repository.is_ancestor(other, tips["main"])
    assert [commit.oid for commit in repository.commits_between(tips["main"], other)] == [other]


def test_a_merge_of_an_old_branch_does_not_hide_what_is_shared(long: Fleet, repository: Repository) -> None:
    """The base is a merge with a very old commit: a shallow history ends before it shows that main has that one too."""
    old = long.git("rev-parse", "main~70")
    tip = str(long.tip())
    merge = long.commit({"clusters/dev.yaml": "merged\n"}, branch="ours", parents=(tip, old))
    tips = repository.fetch(["main", "ours"])
    assert [commit.oid for commit in repository.commits_between(tips["main"], merge)] == [merge]
    assert repository.merge_base(tips["main"], merge) == tip


def test_a_merge_of_the_base_into_a_branch_is_seen_as_such(long: Fleet, repository: Repository) -> None:
    fork = long.git("rev-parse", "main~2")
    ours = long.commit({"clusters/dev.yaml": "ours\n"}, branch="ours", parents=(fork,))
    theirs = str(long.tip())
    merge = long.commit({"README.md": "69\n"}, branch="ours", parents=(ours, theirs))
    tips = repository.fetch(["main", "ours"])
    assert [commit.oid for commit in repository.commits_between(tips["main"], merge)] == [merge, ours]
    assert repository.merge_base(tips["main"], merge) == theirs
    assert repository.changed(theirs, merge) == ("clusters/dev.yaml",)


def test_who_made_a_file_what_it_is(long: Fleet, repository: Repository) -> None:
    changed = long.commit({"clusters/dev.yaml": "version: v1.34.2\n"})
    long.commit({"README.md": "later\n"})
    repository.fetch(["main"])
    tip = str(long.tip())
    found = list(repository.changes_to(tip, "clusters/dev.yaml"))
    assert [commit.oid for commit, _ in found] == [changed, long.git("rev-parse", f"{changed}~72")]
    assert [blob for _, blob in found] == [
        long.git("rev-parse", f"{changed}:clusters/dev.yaml"),
        long.git("rev-parse", f"{changed}~1:clusters/dev.yaml"),
    ]
    assert list(repository.changes_to(tip, "nowhere.yaml")) == []


def test_a_deleted_file_is_told(long: Fleet, repository: Repository) -> None:
    tree = long.git("mktree", stdin=long.git("ls-tree", "main", "clusters").encode())
    commit = long.git("commit-tree", tree, "-p", "main", "-m", "Remove README")
    long.git("update-ref", "refs/heads/main", commit)
    repository.fetch(["main"])
    gone, blob = next(repository.changes_to(commit, "README.md"))
    assert (gone.oid, blob) == (commit, None)


def test_a_walk_stops_fetching_when_it_has_seen_enough(long: Fleet, url: str) -> None:
    with Repository.open(Location.parse(url)) as repository:
        tip = repository.fetch(["main"])["main"]
        assert next(repository.changes_to(tip, "README.md"))[0].oid == tip
        assert repository.commit_info(long.git("rev-parse", "main~49")).oid
        with pytest.raises(ObjectMissing):
            repository.commit_info(long.git("rev-parse", "main~55"))


def test_what_was_never_fetched_is_named(long: Fleet, repository: Repository) -> None:
    tip = repository.fetch(["main"])["main"]
    for question in (
        lambda: repository.merge_base(tip, "0" * 40),
        lambda: repository.is_ancestor(tip, "0" * 40),
        lambda: repository.commits_between("0" * 40, tip),
        lambda: repository.commit_info("junk"),
        lambda: repository.tree("0" * 40),
        lambda: repository.changed(tip, "0" * 40),
    ):
        with pytest.raises(ObjectMissing):
            question()
    assert not repository.is_ancestor("0" * 40, tip)


def test_a_remote_that_is_itself_shallow_is_read_and_says_what_it_lacks(long: Fleet) -> None:
    shallow = long.path.parent / "shallow.git"
    long.git("update-ref", "refs/heads/old", "main~60")
    source = f"file://{long.path}"
    long.git("clone", "-q", "--bare", "--depth=3", "--no-single-branch", source, str(shallow), at=long.path.parent)
    with (
        git_http_server(long.path.parent) as server,
        Repository.open(Location.parse(f"{server.url}/shallow.git")) as repository,
    ):
        tips = repository.fetch(["main", "old"])
        assert repository.is_ancestor(tips["main"], tips["main"])
        with pytest.raises(HistoryMissing, match="ends too early"):
            repository.merge_base(tips["main"], tips["old"])


def test_the_objects_of_a_checkout_are_not_fetched_again(fleet: Fleet, server: GitServer) -> None:
    fleet.commit({"large.bin": random.Random(0).randbytes(200_000)})
    clone = fleet.path.parent.parent / "checkout"
    fleet.git("clone", "-q", str(fleet.path), str(clone), at=fleet.path.parent)
    new = fleet.commit({"README.md": "newer\n"})
    location = Location.parse(f"{server.url}/fleet.git")
    server.cut_after = 50_000
    with Repository.open(location, reference=Checkout.discover(clone)) as repository:
        assert repository.fetch(["main"]) == {"main": new}
        assert repository.is_ancestor(fleet.git("rev-parse", "main~4"), new)
        assert len(
            repository.tree(new).read(next(blob for blob in repository.tree(new).blobs() if "large" in blob.path))
        )
    with Repository.open(location) as repository, pytest.raises(NetworkError):
        repository.fetch(["main"])


def test_a_checkout_that_is_not_whole_lends_nothing(fleet: Fleet, server: GitServer) -> None:
    clone = fleet.path.parent.parent / "checkout"
    fleet.git("clone", "-q", "--depth=1", f"file://{fleet.path}", str(clone), at=fleet.path.parent)
    location = Location.parse(f"{server.url}/fleet.git")
    with Repository.open(location, reference=Checkout.discover(clone)) as repository:
        tip = repository.fetch(["main"])["main"]
        assert repository.is_ancestor(fleet.git("rev-parse", "main~2"), tip)
