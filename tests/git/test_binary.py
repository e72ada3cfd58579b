"""Reading and pushing with the `git` program, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_upgrader.errors import GitError, InvalidBranch, LeaseLost, NetworkError, PushRefused
from gitops_upgrader.git import Location, RefUpdate, Repository
from tests.git.conftest import Fleet
from tests.git.transport import edit, opened, proposed
from tests.gitserver import GitServer, Seen, git_http_server

# --- reading ----------------------------------------------------------------------------------------------------------


def test_refs_tell_branches_and_the_default_one(fleet: Fleet, url: str) -> None:
    tip = fleet.tip()
    fleet.git("update-ref", "refs/heads/gitops-upgrader/fleet/dev", "main")
    fleet.git("update-ref", "refs/pull/1/head", "main")
    with opened(url) as repository:
        assert repository.refs().default_branch == "main"
        assert dict(repository.refs().heads) == {"gitops-upgrader/fleet/dev": tip, "main": tip}
        assert list(repository.refs(["gitops-upgrader/*"]).heads) == ["gitops-upgrader/fleet/dev"]
        assert repository.refs(["m*"], default_branch=False).default_branch is None


def test_a_repository_without_commits_has_no_branches(tmp_path: Path) -> None:
    empty = Fleet(tmp_path / "empty.git")
    with git_http_server(tmp_path) as server, opened(f"{server.url}/{empty.path.name}") as repository:
        assert repository.refs().default_branch is None
        assert dict(repository.refs().heads) == {}
        assert dict(repository.fetch(["main"])) == {}


def test_a_detached_head_is_no_default_branch(fleet: Fleet, url: str) -> None:
    fleet.git("update-ref", "--no-deref", "HEAD", str(fleet.tip()))
    with opened(url) as repository:
        assert repository.refs().default_branch is None


def test_fetch_takes_one_round_trip_and_leaves_absent_branches_out(fleet: Fleet, server: GitServer, url: str) -> None:
    with opened(url) as repository:
        assert dict(repository.fetch(["main"])) == {"main": fleet.tip()}
        assert len([seen for seen in server.requests if seen.method == "GET"]) == 1
        assert dict(repository.fetch(["main", "absent", "main"])) == {"main": fleet.tip()}
        assert dict(repository.fetch(["absent"])) == {}
        assert dict(repository.fetch([])) == {}


def test_fetch_is_shallow_until_more_is_asked_for(fleet: Fleet, url: str) -> None:
    with opened(url) as repository:
        tip = repository.fetch(["main"])["main"]
        assert repository.commit_info(tip).parents == ()
        repository.fetch(["main"], depth=None)
        assert repository.commit_info(tip).parents == (fleet.git("rev-parse", "main~1"),)
        repository.fetch(["main"], depth=None)
        assert repository.commit_info(tip).tree == fleet.git("rev-parse", "main^{tree}")


def test_a_force_pushed_base_is_followed(fleet: Fleet, url: str) -> None:
    with opened(url) as repository:
        before = repository.fetch(["main"])["main"]
        after = fleet.commit({"README.md": "anew\n"}, parents=(fleet.git("rev-parse", "main~2"),))
        assert repository.fetch(["main"]) == {"main": after}
        assert repository.merge_base(before, after) == fleet.git("rev-parse", "main~1")
        assert not repository.is_ancestor(before, after)


@pytest.mark.parametrize("name", ["--upload-pack=touch /tmp/x", "-x", "a b", "a..b", "a:b", "x.lock", "", "a\nb", "*"])
def test_names_that_are_no_branches_reach_no_program(name: str, server: GitServer, url: str) -> None:
    with opened(url) as repository:
        with pytest.raises(InvalidBranch):
            repository.fetch([name])
        with pytest.raises(InvalidBranch):
            repository.push([RefUpdate(name, "0" * 40, None)])
    assert server.requests == []


# --- pushing ----------------------------------------------------------------------------------------------------------


def test_a_commit_is_pushed_to_a_new_branch_and_the_branch_deleted(fleet: Fleet, url: str) -> None:
    with opened(url) as repository:
        oid = proposed(repository)
        assert fleet.tip("gitops-upgrader/fleet/dev") == oid
        assert fleet.show(oid, "clusters/dev.yaml") == "version: v1.34.2"
        assert fleet.git("rev-parse", f"{oid}^") == fleet.tip("main")
        repository.push([RefUpdate("gitops-upgrader/fleet/dev", None, oid)])
        assert fleet.tip("gitops-upgrader/fleet/dev") is None
    fleet.git("fsck", "--strict")


def test_every_exchange_is_counted_with_those_that_failed(fleet: Fleet, url: str) -> None:
    exchanged: list[str] = []
    with Repository.open(Location.parse(url), exchanged=exchanged.append) as repository:
        repository.refs()
        oid = proposed(repository)
        repository.push([])
        assert exchanged == ["list", "fetch", "push"]
        with pytest.raises(LeaseLost):
            repository.push([RefUpdate("gitops-upgrader/fleet/dev", edit(repository, oid, b"other"), None)])

    assert exchanged[3] == "push"


def test_a_push_can_be_repeated(fleet: Fleet, url: str) -> None:
    with opened(url) as repository:
        oid = proposed(repository)
        repository.push([RefUpdate("gitops-upgrader/fleet/dev", oid, None)])
        repository.push([RefUpdate("gone", None, oid), RefUpdate("gitops-upgrader/fleet/dev", oid, None)])
        repository.push([])
    assert fleet.tip("gitops-upgrader/fleet/dev") == oid
    assert fleet.tip("gone") is None


def test_our_branch_is_rebuilt_in_place_with_a_lease(fleet: Fleet, url: str) -> None:
    with opened(url) as repository:
        old = proposed(repository)
        base = fleet.commit({"README.md": "moved\n"})
        new = edit(repository, repository.fetch(["main"])["main"])
        repository.push([RefUpdate("gitops-upgrader/fleet/dev", new, old)])
    assert fleet.git("rev-parse", f"{new}^") == base
    assert fleet.tip("gitops-upgrader/fleet/dev") == new


def test_a_base_that_moved_during_the_run_does_no_harm(fleet: Fleet, url: str) -> None:
    with opened(url) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        theirs = fleet.commit({"README.md": "moved\n"})
        repository.push([RefUpdate("ours", oid, None)])
    assert fleet.tip("main") == theirs
    assert fleet.tip("ours") == oid


def moved_after_reading(fleet: Fleet) -> str:
    return fleet.commit({"clusters/dev.yaml": "version: v9 # a person's\n"}, branch="ours")


@pytest.mark.parametrize("delete", [False, True])
def test_somebody_pushes_before_us_and_loses_nothing(fleet: Fleet, url: str, delete: bool) -> None:
    with opened(url) as repository:
        ours = proposed(repository, "ours")
        theirs = moved_after_reading(fleet)
        update = RefUpdate("ours", None if delete else edit(repository, ours, b"again\n"), ours)
        with pytest.raises(LeaseLost, match="Somebody moved the branch ours"):
            repository.push([update])
    assert fleet.tip("ours") == theirs


def test_somebody_pushes_between_the_greeting_and_the_objects(fleet: Fleet, server: GitServer, url: str) -> None:
    """The tightest race: our client has seen the branch where it expects it; the server must compare again."""
    theirs: list[str] = []

    def race(seen: Seen) -> None:
        if seen.is_push and not theirs:
            theirs.append(moved_after_reading(fleet))

    with opened(url) as repository:
        ours = proposed(repository, "ours")
        server.before = race
        with pytest.raises(LeaseLost, match="Nothing was overwritten"):
            repository.push([RefUpdate("ours", edit(repository, ours, b"again\n"), ours)])
    assert [fleet.tip("ours")] == theirs


def test_somebody_makes_the_branch_between_the_greeting_and_the_objects(
    fleet: Fleet, server: GitServer, url: str
) -> None:
    def race(seen: Seen) -> None:
        if seen.is_push:
            fleet.git("update-ref", "refs/heads/ours", "main")

    with opened(url) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        server.before = race
        with pytest.raises(LeaseLost):
            repository.push([RefUpdate("ours", oid, None)])
    assert fleet.tip("ours") == fleet.tip("main")


def test_several_branches_move_together_or_not_at_all(fleet: Fleet, url: str) -> None:
    with opened(url) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        repository.push([RefUpdate("one", oid, None), RefUpdate("two", oid, None)])
        new = edit(repository, oid, b"newer\n")
        with pytest.raises(LeaseLost, match="the branch two"):
            repository.push([RefUpdate("one", new, oid), RefUpdate("two", new, new), RefUpdate("three", new, None)])
    assert (fleet.tip("one"), fleet.tip("two"), fleet.tip("three")) == (oid, oid, None)


def test_a_remote_without_atomic_pushes_still_gets_leases(fleet: Fleet, url: str) -> None:
    fleet.git("config", "receive.advertiseAtomic", "false")
    with opened(url) as repository:
        oid = edit(repository, repository.fetch(["main"])["main"])
        repository.push([RefUpdate("one", oid, None), RefUpdate("two", oid, None)])
        new = edit(repository, oid, b"newer\n")
        with pytest.raises(LeaseLost, match="the branch two"):
            repository.push([RefUpdate("one", new, oid), RefUpdate("two", new, new)])
    assert (fleet.tip("one"), fleet.tip("two")) == (oid, oid)


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_hook_refuses_in_its_own_words(fleet: Fleet, url: str, hook: str) -> None:
    fleet.hook(hook, "echo 'GH006: Protected branch. Ask the fleet team.' >&2; exit 1")
    with opened(url) as repository:
        with pytest.raises(
            PushRefused, match=r"the branch ours: .*hook declined.* It says: .*Ask the fleet team"
        ) as caught:
            proposed(repository, "ours")
        assert not caught.value.transient
        oid = edit(repository, repository.fetch(["main"])["main"])
        with pytest.raises(PushRefused):
            repository.push([RefUpdate("one", oid, None), RefUpdate("two", oid, None)])
    assert (fleet.tip("ours"), fleet.tip("one"), fleet.tip("two")) == (None, None, None)


def test_hooks_of_the_person_at_the_machine_do_not_run_for_us(
    fleet: Fleet, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", "utf-8")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {hooks}\n[push]\n\tgpgSign = true\n", "utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    for personal in (False, True):
        with Repository.open(Location.parse(url), interactive_ssh=personal) as repository:
            proposed(repository, f"ours-{personal}")
    assert not (tmp_path / "ran").exists()


def test_a_person_s_own_rewriting_of_addresses_is_followed_in_their_runs_only(
    fleet: Fleet, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "{url}"]\n\tinsteadOf = https://fleet.invalid/short\n', "utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    location = Location.parse("https://fleet.invalid/short")
    with Repository.open(location, interactive_ssh=True) as repository:
        assert repository.refs().default_branch == "main"
    with Repository.open(location) as repository, pytest.raises(NetworkError):
        repository.refs()


@pytest.mark.parametrize("helper", ["ext::sh -c 'touch {}'", "file:///{}"])
def test_rewriting_never_leads_to_a_program_or_a_file(
    helper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    target = helper.format(tmp_path / "ran")
    config.write_text(
        f'[url "{target}"]\n\tinsteadOf = https://fleet.invalid/short\n[protocol]\nallow=always\n', "utf-8"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    opening = Repository.open(Location.parse("https://fleet.invalid/short"), interactive_ssh=True)
    with opening as repository, pytest.raises(GitError, match="not allowed"):
        repository.refs()
    assert not (tmp_path / "ran").exists()


def test_a_branch_whose_name_is_a_folder_of_another_is_refused(fleet: Fleet, url: str) -> None:
    fleet.git("update-ref", "refs/heads/gitops-upgrader", "main")
    with opened(url) as repository, pytest.raises(PushRefused):
        proposed(repository)
