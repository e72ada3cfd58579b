"""What the upgraders of one repository share, however many they are, and however many objects name it: counted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_upgrader.api.names import GROUP
from gitops_upgrader.runtime.wakes import UPGRADER
from gitops_upgrader.stores.directory import DirectoryStore
from tests.forges.fake_gitea import FakeGitea
from tests.forges.loopback import Reply, Request
from tests.gitserver import GitServer, git_http_server
from tests.reconcilers.directory import PLAN, SYNCER, TEMPLATE, VERSIONS, Fleet, repository
from tests.reconcilers.directory import upgrader as upgrader_text
from tests.reconcilers.forge import PATH, OnForge, forge_of, secret
from tests.runtime.controller import Controller

TOKEN = "token-of-the-upgrader"
SECRETS = (secret("one", {"username": "git", "password": TOKEN}), secret("two", {"username": "git", "password": TOKEN}))


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


@pytest.fixture
def forge(fleet: Fleet) -> Iterator[OnForge]:
    with forge_of(fleet, FakeGitea) as served:
        yield served


@pytest.fixture
def git(fleet: Fleet, forge: OnForge) -> Iterator[GitServer]:
    with git_http_server(fleet.folder, credentials=("git", TOKEN)) as served:
        yield served


def world(
    fleet: Fleet, forge: OnForge, git: GitServer, clusters: int, most: tuple[int, int] = (1, 1)
) -> DirectoryStore:
    """Upgraders in turn of two GitOpsRepository objects, which have one URL, spelled in two ways."""
    names = [f"c{number:03}" for number in range(clusters)]
    fleet.clusters(**dict.fromkeys(names, "v1.33.5"))
    fleet.write("images.yaml", VERSIONS, TEMPLATE, SYNCER, PLAN, *SECRETS)
    for name, url, limit in (("one", f"{git.url}/{PATH}", most[0]), ("two", f"{git.url}/{PATH[:-4]}/", most[1])):
        spec = {"provider": "gitea", "branch": "main", "apiURL": f"{forge.server.url}/api/v1"}
        more = {"secretRef": f"{{name: {name}}}", "pullRequest": f"{{maxOpen: {limit}}}"}
        fleet.write(f"{name}.yaml", repository(url, name=name, **spec, **more))
    for number, name in enumerate(names):
        text = upgrader_text(name, repositoryRef=f"{{name: {('one', 'two')[number % 2]}}}")
        fleet.write(f"upgrader-{name}.yaml", text)
    store = DirectoryStore.load([fleet.manifests])
    assert store.problems == ()
    return store


def phases(store: DirectoryStore) -> list[str]:
    return [found.status["phase"] for found in store.list(GROUP, UPGRADER)]


def surveys(forge: OnForge) -> int:
    """How often the forge was asked for all pull requests of the repository."""
    return len(forge.server.asked("GET", "/pulls"))


def test_a_hundred_upgraders_cost_one_look_and_one_fetch(fleet: Fleet, forge: OnForge, git: GitServer) -> None:
    store = world(fleet, forge, git, 100)
    controller = Controller(fleet, store)
    controller.flow()
    assert phases(store).count("Proposed") == 1
    assert phases(store).count("Holding") == 99
    looks = [kind for kind in controller.exchanges if kind != "push"]
    assert looks == ["list", "fetch"]
    controller.look_at_repositories()  # which sees what was pushed
    asked, requests = surveys(forge), len(git.requests)

    for _ in range(3):
        fleet.clock.advance(minutes=6)
        assert controller.look_at_repositories() == set()

    assert [kind for kind in controller.exchanges if kind != "push"] == ["list", "fetch", "list", "list", "list"]
    assert surveys(forge) <= asked + 3 * 2  # two pages each, and the two objects ask once for both
    # Git over HTTP asks without credentials, with them, and then for the branches.
    assert len(git.requests) <= requests + 3 * 3


def test_two_objects_of_one_address_share_the_clone_and_the_fetch(
    fleet: Fleet, forge: OnForge, git: GitServer, tmp_path: Path
) -> None:
    """Whose Secrets are two objects as well, of one content: another content would be somebody else's access."""
    cache = tmp_path / "cache"
    controller = Controller(fleet, world(fleet, forge, git, 4, (9, 9)), cache=cache)
    controller.flow()
    assert [kind for kind in controller.exchanges if kind != "push"] == ["list", "fetch"]
    assert len(list(cache.glob("*.git"))) == 1
    assert len(controller.workspaces.all()) == 1
    assert forge.pulls == 4


@pytest.mark.parametrize(("most", "opened"), [((1, 1), 1), ((1, 3), 3), ((3, 1), 3), ((2, 2), 2)])
def test_limits_count_what_both_have_opened(
    most: tuple[int, int], opened: int, fleet: Fleet, forge: OnForge, git: GitServer
) -> None:
    """Each object's own limit holds for its upgraders, and what counts is what is open in the repository."""
    store = world(fleet, forge, git, 6, most)
    Controller(fleet, store).flow()
    assert phases(store).count("Proposed") == forge.pulls == opened


def test_a_cache_that_is_lost_between_two_runs_costs_a_fetch_and_nothing_else(
    fleet: Fleet, forge: OnForge, git: GitServer, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    store = world(fleet, forge, git, 2, (9, 9))
    first = Controller(fleet, store, cache=cache)
    first.flow()
    first.workspaces.close()
    before = fleet.people.branches()
    shutil.rmtree(cache)

    second = Controller(fleet, store, cache=cache)
    second.flow()

    assert [kind for kind in second.exchanges if kind != "push"] == ["list", "fetch"]
    assert (fleet.people.branches(), forge.pulls, phases(store)) == (before, 2, ["Proposed"] * 2)
    second.workspaces.close()


def test_a_cache_that_is_lost_while_it_is_used_is_made_anew(
    fleet: Fleet, forge: OnForge, git: GitServer, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    store = world(fleet, forge, git, 2, (9, 9))
    controller = Controller(fleet, store, cache=cache)
    controller.flow()
    shutil.rmtree(cache)
    fleet.clusters(c000="v1.33.4")
    fleet.clock.advance(minutes=6)

    controller.flow()

    assert phases(store) == ["Proposed"] * 2
    assert len(list(cache.glob("*.git"))) == 1
    shutil.rmtree(cache)
    controller.flow()  # within the interval, and with nothing new on the remote
    assert phases(store) == ["Proposed"] * 2
    controller.workspaces.close()


def test_a_cache_that_is_lost_in_the_middle_of_a_proposal_costs_another_attempt(
    fleet: Fleet, forge: OnForge, git: GitServer, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    store = world(fleet, forge, git, 1)

    def remove_once(request: Request) -> Reply | None:
        if request.path.endswith("/pulls") and not lost:
            lost.append(request.path)
            shutil.rmtree(cache)
        return None

    lost: list[str] = []
    controller = Controller(fleet, store, cache=cache)
    controller.look_at_repositories()
    forge.around = remove_once
    controller.flow()

    assert len(lost) == 1
    assert (phases(store), forge.pulls) == (["Proposed"], 1)
    controller.workspaces.close()
