from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_upgrader.errors import NotRegularFile, ObjectMissing, RefLocked, RevisionNotFound
from gitops_upgrader.git import GitAuth, Location, RefUpdate, Repository
from tests.git.conftest import ROBOT, WHEN, Fleet
from tests.gitserver import GitServer
from tests.sshserver import ssh_server


@pytest.fixture
def repository(fleet: Fleet) -> Iterator[Repository]:
    with Repository.open(Location.local(fleet.path)) as opened:
        yield opened


def fork(fleet: Fleet, files: dict[str, str | bytes], branch: str) -> str:
    """Commit on a branch of its own, from main."""
    return fleet.commit(files, branch=branch, parents=(str(fleet.tip()),))


def test_a_checkout_is_known_by_its_remote(fleet: Fleet, repository: Repository, url: str, tmp_path: Path) -> None:
    assert repository.remote_url == ""
    fleet.git("clone", "--quiet", str(fleet.path), str(tmp_path / "clone"))
    fleet.git("remote", "set-url", "origin", "git@example.com:us/fleet.git", at=tmp_path / "clone")
    with Repository.open(Location.local(tmp_path / "clone")) as opened:
        assert opened.remote_url == "git@example.com:us/fleet.git"
    with Repository.open(Location.parse(url)) as opened:
        assert opened.remote_url == url


# --- merging and comparing --------------------------------------------------------------------------------------------


def test_changes_of_different_files_merge(fleet: Fleet, repository: Repository) -> None:
    base = str(fleet.tip())
    ours = fork(fleet, {"clusters/dev.yaml": "version: v1.34.2\n"}, "ours")
    theirs = fork(fleet, {"clusters/prod.yaml": "version: v1.33.5\n", "new.yaml": "x\n"}, "theirs")
    merged = repository.merge_trees(base, ours, theirs)
    assert merged is not None
    assert repository.changed(base, merged) == ("clusters/dev.yaml", "clusters/prod.yaml", "new.yaml")
    assert repository.changed(theirs, merged) == ("clusters/dev.yaml",)
    assert merged == repository.merge_trees(base, merged, theirs)
    assert repository.merge_trees(base, ours, base) == fleet.git("rev-parse", "ours^{tree}")


def test_changes_of_one_line_conflict(fleet: Fleet, repository: Repository) -> None:
    base = str(fleet.tip())
    ours = fork(fleet, {"clusters/dev.yaml": "version: v1.34.2\n"}, "ours")
    theirs = fork(fleet, {"clusters/dev.yaml": "version: v1.34.1\n"}, "theirs")
    assert repository.merge_trees(base, ours, theirs) is None
    same = fork(fleet, {"clusters/dev.yaml": "version: v1.34.2\n", "x": "y\n"}, "same")
    assert repository.merge_trees(base, ours, same) == fleet.git("rev-parse", "same^{tree}")


def test_a_file_that_was_moved_meanwhile_is_followed(fleet: Fleet, repository: Repository) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    base = fleet.commit({"clusters/long.yaml": text})
    ours = fork(fleet, {"clusters/long.yaml": text.replace("line 3\n", "line three\n")}, "ours")
    listing = fleet.git("ls-tree", "-r", "main").replace("\tclusters/long.yaml", "\tmoved.yaml")
    fleet.git("update-ref", "refs/heads/theirs", "main")
    script = "export GIT_INDEX_FILE=moved; git update-index --index-info && git write-tree"
    moved = fleet.run(["sh", "-c", script], (listing + "\n").encode())
    merged = repository.merge_trees(base, ours, moved)
    assert merged is not None
    assert repository.changed(moved, merged) == ("moved.yaml",)
    assert repository.changed(base, moved) == ("clusters/long.yaml", "moved.yaml")


def test_what_was_never_fetched_cannot_be_merged(fleet: Fleet, repository: Repository) -> None:
    with pytest.raises(ObjectMissing):
        repository.merge_trees(str(fleet.tip()), str(fleet.tip()), "0" * 40)


# --- links and submodules ---------------------------------------------------------------------------------------------


def test_links_and_submodules_stay_and_are_never_changed(fleet: Fleet, repository: Repository) -> None:
    file = fleet.git("rev-parse", "main:README.md")
    tree = fleet.git(
        "mktree",
        "--missing",
        stdin=f"120000 blob {file}\tlink.yaml\n100755 blob {file}\trun.sh\n160000 commit {'1' * 40}\tsub\n".encode(),
    )
    base = fleet.git("commit-tree", tree, "-m", "links")
    for path in ("link.yaml", "sub", "sub/x.yaml", "link.yaml/x"):
        with pytest.raises(NotRegularFile):
            repository.commit(base, {path: b"x"}, "m", ROBOT, ROBOT, WHEN)
    oid = repository.commit(base, {"run.sh": b"new"}, "m", ROBOT, ROBOT, WHEN)
    repository.push([RefUpdate("ours", oid, None)])
    assert fleet.git("ls-tree", "ours", "link.yaml", "sub") == fleet.git("ls-tree", base, "link.yaml", "sub")
    assert fleet.git("ls-tree", "ours", "run.sh").startswith("100755 blob")


# --- revisions --------------------------------------------------------------------------------------------------------


def test_a_remote_s_revisions_are_branches_and_what_was_fetched(fleet: Fleet, url: str) -> None:
    with Repository.open(Location.parse(url)) as repository:
        assert repository.resolve("main") == fleet.tip()
        assert repository.resolve(str(fleet.tip())) == fleet.tip()
        for revision in ("nowhere", "0" * 40):
            with pytest.raises(RevisionNotFound):
                repository.resolve(revision)


# --- what a server may be in the middle of ----------------------------------------------------------------------------


def test_a_lock_on_the_server_is_transient(fleet: Fleet, url: str) -> None:
    with Repository.open(Location.parse(url)) as repository:
        oid = repository.commit(repository.fetch(["main"])["main"], {"README.md": b"x"}, "m", ROBOT, ROBOT, WHEN)
        repository.push([RefUpdate("ours", oid, None)])
        (fleet.path / "refs" / "heads" / "ours.lock").touch()
        with pytest.raises(RefLocked) as caught:
            repository.push([RefUpdate("ours", None, oid)])
        assert caught.value.transient


def test_branches_that_vanish_while_they_are_read_are_absent(fleet: Fleet, server: GitServer, url: str) -> None:
    fleet.git("update-ref", "refs/heads/brief", "main")
    greetings: list[str] = []

    def vanish(seen: object) -> None:
        greetings.append("")
        if len(greetings) == 2:
            fleet.git("update-ref", "-d", "refs/heads/brief")

    server.before = vanish
    with Repository.open(Location.parse(url)) as repository:
        assert repository.fetch(["main", "brief"]) == {"main": fleet.tip()}


def test_history_is_found_on_servers_that_give_away_branches_only(fleet: Fleet, tmp_path: Path) -> None:
    """Without protocol 2 a commit cannot be asked for by its id; a force push took this one from its branch."""
    folder = tmp_path / "ssh"
    folder.mkdir()
    with ssh_server(folder, protocol_2=False) as ssh:
        auth = GitAuth(identity=ssh.identity, known_hosts=ssh.known_hosts)
        with Repository.open(Location.parse(ssh.url(fleet.path)), auth) as repository:
            before = repository.fetch(["main"])["main"]
            fleet.commit({"README.md": "anew\n"}, branch="other")
            repository.fetch(["other"])
            after = fleet.commit({"README.md": "anew\n"}, parents=(fleet.git("rev-parse", "main~2"),))
            assert not repository.is_ancestor(after, before)
            assert repository.is_ancestor(fleet.git("rev-parse", "main~1"), before)
