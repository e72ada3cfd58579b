from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pygit2
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from gitops_upgrader.errors import InvalidIdentity
from gitops_upgrader.git import Location, Person, Repository
from gitops_upgrader.git.commits import read_commit, write_commit
from tests.git.conftest import ROBOT, WHEN, Fleet


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> pygit2.Repository:
    return pygit2.init_repository(str(tmp_path_factory.mktemp("commits")), bare=True)


def write(repository: pygit2.Repository, message: str = "m", author: Person = ROBOT, when: datetime = WHEN) -> str:
    tree = repository.write(ObjectType.TREE, b"")
    return write_commit(repository, tree=tree, parents=(), message=message, author=author, committer=ROBOT, when=when)


def test_a_commit_is_the_one_that_git_would_write(fleet: Fleet) -> None:
    message = "Upgrade dev\n\nnäher\n\nGitops-Upgrader: fleet/dev\nSigned-off-by: Robot <robot@example.org>\n"
    when = datetime(2026, 3, 1, 12, 0, 5, 999, tzinfo=timezone(-timedelta(hours=3, minutes=30)))
    with Repository.open(Location.local(fleet.path)) as repository:
        base = repository.fetch(["main"])["main"]
        ours = repository.commit(base, {}, message, Person("Ada", "ada@example.org"), ROBOT, when)
    stamp = f"{int(when.timestamp())} -0330"
    env = [f"GIT_AUTHOR_DATE={stamp}", f"GIT_COMMITTER_DATE={stamp}", f"GIT_COMMITTER_NAME={ROBOT.name}"]
    env += ["GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", f"GIT_COMMITTER_EMAIL={ROBOT.email}"]
    theirs = fleet.run(["env", *env, "git", "commit-tree", "main^{tree}", "-p", "main", "-F", "-"], message.encode())
    assert ours == theirs


def test_the_same_commit_has_the_same_id(repository: pygit2.Repository) -> None:
    assert write(repository) == write(repository)
    assert write(repository) != write(repository, when=WHEN + timedelta(seconds=1))


@pytest.mark.parametrize(
    "person",
    [
        Person("", "a@b"),
        Person(" ", "a@b"),
        Person(".", "a@b"),
        Person("A", ""),
        Person("A <x>", "a@b"),
        Person("A", "a@b>"),
        Person("A\nB", "a@b"),
    ],
)
def test_people_that_cannot_stand_in_a_commit_are_refused(repository: pygit2.Repository, person: Person) -> None:
    with pytest.raises(InvalidIdentity, match="cannot stand in a commit"):
        write(repository, author=person)


def test_a_time_without_a_zone_is_a_mistake_of_ours(repository: pygit2.Repository) -> None:
    with pytest.raises(ValueError, match="offset"):
        write(repository, when=datetime(2026, 1, 1))  # noqa: DTZ001 (that is the point)


def test_foreign_commits_are_read_whatever_they_hold(repository: pygit2.Repository) -> None:
    tree = repository.write(ObjectType.TREE, b"")
    raw = (
        f"tree {tree}\nauthor J\xfcrgen <j@x> 99999999999999 +9959\n".encode("latin-1")
        + b"committer \xff <> 1700000000 -0730\nencoding latin-1\n\n\xfcber\n"
    )
    info = read_commit(repository, str(repository.write(ObjectType.COMMIT, raw)))
    assert (info.author.name, info.committer.name, info.committer.email) == ("J�rgen", "�", "")
    assert info.message == "�ber\n"
    assert info.when == datetime.fromtimestamp(1_700_000_000, UTC)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<>"), min_size=1, max_size=20),
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis wants naive bounds)
)
def test_what_is_written_is_read_again(repository: pygit2.Repository, message: str, name: str, when: datetime) -> None:
    trimmed = name.strip(" .,:;\"'\\")
    assume(trimmed)
    info = read_commit(repository, write(repository, message, Person(name, "a@example.org"), when))
    text = message.replace("\0", "").strip("\n")
    assert info.message == (text + "\n" if text else "")
    assert info.author.name == trimmed
    assert info.when == when.replace(microsecond=0)


def test_a_tag_leads_to_its_commit(fleet: Fleet) -> None:
    fleet.git("tag", "-a", "-m", "v1", "v1", "main")
    with Repository.open(Location.local(fleet.path)) as repository:
        assert repository.commit_info(fleet.git("rev-parse", "v1")).oid == fleet.tip()
