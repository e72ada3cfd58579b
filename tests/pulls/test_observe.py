"""What there is of a proposal, read over real HTTP from a shallow history: whose is the branch, does it carry?"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitops_upgrader.errors import MarkerUnreadable
from gitops_upgrader.forges.protocol import NewPull
from gitops_upgrader.git import Location, Person, Repository
from gitops_upgrader.model import PullState, Target
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls import trailers
from gitops_upgrader.pulls.decision import REBUILD_LABEL
from gitops_upgrader.pulls.identity import Family
from gitops_upgrader.pulls.marker import Marker, Patch
from gitops_upgrader.pulls.observe import Base, Observation, Observer
from gitops_upgrader.pulls.trailers import Trailers
from gitops_upgrader.versions import Version
from tests.gitserver import GitServer, git_http_server
from tests.pulls.memory_host import MemoryForge, MemoryHost
from tests.pulls.people import ROBOT_EMAIL, ROBOT_NAME, Clock, People
from tests.pulls.world import FILE, PREFIX, cluster

FAMILY = Family(f"{PREFIX}fleet/prod")
OLD, NEW = Target(Version.parse("v1.33.5"), "img-v1.33.5"), Target(Version.parse("v1.34.2"), "img-v1.34.2")
MESSAGE = f"Upgrade prod\n\n{trailers.render(Trailers('fleet/prod', NEW))}\n"


@dataclass
class Remote:
    """A repository behind HTTP with a hundred commits on main, and one branch of ours."""

    host: MemoryHost
    location: Location

    @property
    def people(self) -> People:
        """Their hands on it."""
        return self.host.people

    @property
    def forge(self) -> MemoryForge:
        """Its forge."""
        return self.host.memory

    def propose(self, *, body: str | None = None, patch: bool = True) -> str:
        """Push a commit as the program does, and open its pull request."""
        made = self.people.commit(
            {FILE: cluster("v1.34.2")},
            branch=FAMILY.first,
            by=ROBOT_NAME,
            message=MESSAGE,
            parents=(self.people.tip(),),
        )
        changed = Patch(self.people.tip(), self.people.tree(made)) if patch else None
        marker = markers.render(Marker("fleet/prod", "main", OLD, NEW, made, patch=changed))
        self.forge.create(NewPull("Upgrade prod", marker if body is None else body, FAMILY.first, "main", made))
        return made

    def observe(self, *, wanted: str | None = "v1.34.2", holds: Target = OLD) -> Observation:
        """Look, as a run that starts with nothing does."""
        with Repository.open(self.location) as repository:
            listed = repository.refs([f"{PREFIX}*"])
            refs = dict(repository.fetch(["main", *listed.heads], depth=2))
            base = refs.pop("main")
            person = Person(ROBOT_NAME, ROBOT_EMAIL)
            commit = None
            if wanted is not None:
                files = {FILE: cluster(wanted).encode()}
                commit = repository.commit(base, files, MESSAGE, person, person, self.people.clock())
            observer = Observer(
                repository,
                self.host.forge(),
                refs,
                Base("main", base, holds),
                person,
                dry_run=True,
                update_button=lambda: "Update branch",
            )
            return observer.observe(FAMILY, "fleet/prod", commit)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("started")
    people = People(folder / "fleet.git", Clock())
    people.commit({FILE: cluster("v1.33.5"), "README.md": "0\n"})
    for number in range(1, 100):
        people.commit({"README.md": f"{number}\n"})
    return people.path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_http_server(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def remote(started: Path, server: GitServer) -> Remote:
    folder = server.root / f"{len(list(server.root.iterdir()))}"
    folder.mkdir()
    shutil.copytree(started, folder / "fleet.git", symlinks=True)
    clock = Clock()
    clock.advance(days=1)
    return Remote(MemoryHost(folder, clock), Location.parse(f"{server.url}/{folder.name}/fleet.git"))


Act = Callable[[People], object]
BRANCH = FAMILY.first

CASES: dict[str, tuple[Act, str | None, bool]] = {
    "as pushed": (lambda people: None, None, True),
    "main moved on": (lambda people: people.commit({"README.md": "more\n"}), None, True),
    "a merge of main": (
        lambda people: (people.commit({"README.md": "more\n"}), people.merge("main", BRANCH)),
        None,
        True,
    ),
    "a second merge of main": (
        lambda people: [
            (people.commit({"README.md": f"{more}\n"}), people.merge("main", BRANCH)) for more in ("one", "two")
        ],
        None,
        True,
    ),
    "a rebase by the forge": (
        lambda people: (people.commit({"README.md": "more\n"}), people.rebase(BRANCH)),
        None,
        True,
    ),
    "main changed the same lines": (
        lambda people: people.commit({FILE: cluster("v1.33.6")}),
        None,
        False,
    ),
    "a person's commit": (lambda people: people.commit({"NOTES": "x"}, branch=BRANCH), "Ann", False),
    "a person's commit below a merge of main": (
        lambda people: (
            people.commit({"NOTES": "x"}, branch=BRANCH, by="Bob"),
            people.commit({"README.md": "more\n"}),
            people.merge("main", BRANCH),
        ),
        "Bob",
        False,
    ),
    "a person's empty commit": (lambda people: people.commit({}, branch=BRANCH), "Ann", False),
    "an amended commit": (lambda people: people.amend(BRANCH, {"NOTES": "x"}), "Ann", False),
    "an amended message alone": (lambda people: people.amend(BRANCH, {}), None, True),
    "a commit in its place": (
        lambda people: people.commit({FILE: cluster("v1.34.2")}, branch=BRANCH, parents=(people.tip(),)),
        "Ann",
        True,
    ),
    "an evil merge": (
        lambda people: (people.commit({"README.md": "more\n"}), people.merge("main", BRANCH, evil={"NOTES": "x"})),
        "Ann",
        False,
    ),
    "main force-pushed": (
        lambda people: people.commit({"README.md": "anew\n"}, parents=(), over=people.tip()),
        None,
        False,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_whose_branch_it_is(name: str, remote: Remote) -> None:
    act, edited_by, carries = CASES[name]
    remote.propose()
    act(remote.people)

    head = remote.observe().heads[BRANCH]

    assert (head.edited_by, head.carries) == (edited_by, carries)
    assert head.commit == remote.people.tip(BRANCH)


@pytest.mark.parametrize("name", ["as pushed", "a person's commit", "an amended commit", "a person's empty commit"])
def test_whose_branch_it_is_without_a_pull_request(name: str, remote: Remote) -> None:
    act, edited_by, carries = CASES[name]
    remote.propose()
    remote.forge.kept.clear()
    act(remote.people)

    seen = remote.observe()

    assert seen.proposals == ()
    assert (seen.heads[BRANCH].edited_by, seen.heads[BRANCH].carries) == (edited_by, carries)


OUTDATED = pytest.mark.parametrize("wanted", ["v1.34.3", None])


@OUTDATED
def test_a_rebase_is_ours_though_nothing_of_it_is_wanted_any_more(remote: Remote, wanted: str | None) -> None:
    """The pushed commit is on no branch any more: the marker tells what it changed."""
    remote.propose()
    remote.people.commit({"README.md": "more\n", FILE: cluster("v1.33.5", replicas=4)})
    remote.people.rebase(BRANCH)

    assert remote.observe(wanted=wanted).heads[BRANCH].edited_by is None


@OUTDATED
@pytest.mark.parametrize(
    "change", [{FILE: cluster("v1.34.2", replicas=9)}, {"NOTES.md": "Checked.\n"}], ids=["in our file", "beside it"]
)
def test_a_rebase_of_what_somebody_amended_is_theirs(
    remote: Remote, wanted: str | None, change: dict[str, str | None]
) -> None:
    remote.propose()
    remote.people.amend(BRANCH, change)
    remote.people.commit({"README.md": "more\n"})
    remote.people.rebase(BRANCH)

    assert remote.observe(wanted=wanted).heads[BRANCH].edited_by == "forge"


@OUTDATED
def test_a_rebase_that_an_old_marker_cannot_explain_is_left_to_people(remote: Remote, wanted: str | None) -> None:
    remote.propose(patch=False)
    remote.people.commit({"README.md": "more\n"})
    remote.people.rebase(BRANCH)

    assert remote.observe(wanted=wanted).heads[BRANCH].edited_by == "forge"


@OUTDATED
def test_a_rebase_onto_a_base_that_was_force_pushed_is_left_to_people(remote: Remote, wanted: str | None) -> None:
    """What our commit was built upon is gone with it, so nobody can put the change back there."""
    remote.people.commit({"README.md": "gone\n"})
    remote.propose()
    tip = remote.people.tip()
    remote.people.move("main", remote.people.history("main")[1])
    remote.people.commit({"README.md": "anew\n"})
    remote.people.commit(
        {FILE: cluster("v1.34.2")},
        branch=BRANCH,
        by="forge",
        author=ROBOT_NAME,
        message=MESSAGE,
        parents=(remote.people.tip(),),
    )
    assert tip not in remote.people.history("main")

    assert remote.observe(wanted=wanted).heads[BRANCH].edited_by == "forge"


@pytest.mark.parametrize(
    ("act", "wanted", "button"),
    [
        (lambda people: None, "v1.34.2", None),
        (lambda people: people.commit({"README.md": "more\n"}), "v1.34.2", "Update branch"),
        (lambda people: people.commit({"README.md": "more\n"}), "v1.34.3", None),
        (lambda people: (people.commit({"README.md": "more\n"}), people.merge("main", BRANCH)), "v1.34.2", None),
        (lambda people: people.delete(BRANCH), "v1.34.2", None),
    ],
    ids=["up to date", "behind", "behind, outdated", "brought up to date", "gone"],
)
def test_the_forge_is_asked_what_to_press_where_that_matters(
    remote: Remote, act: Act, wanted: str, button: str | None
) -> None:
    remote.propose()
    act(remote.people)

    assert remote.observe(wanted=wanted).update_button == button


def test_commits_of_another_upgrader_are_not_ours(remote: Remote) -> None:
    remote.people.commit(
        {FILE: cluster("v1.34.2")},
        branch=BRANCH,
        by=ROBOT_NAME,
        message=MESSAGE.replace("fleet/prod", "fleet/other"),
        parents=(remote.people.tip(),),
    )

    assert remote.observe().heads[BRANCH].edited_by == ROBOT_NAME


def test_a_wiped_body_is_remembered_by_the_commit(remote: Remote) -> None:
    made = remote.propose(body="")

    (proposal,) = remote.observe().proposals

    assert proposal.marker == Marker("fleet/prod", "main", OLD, NEW, made)


@OUTDATED
def test_a_wiped_body_over_an_amended_commit_tells_nothing(remote: Remote, wanted: str | None) -> None:
    remote.propose(body="")
    remote.people.amend(BRANCH, {FILE: cluster("v1.34.2", replicas=9)})

    seen = remote.observe(wanted=wanted)

    assert [proposal.marker for proposal in seen.proposals] == [None]
    assert seen.heads[BRANCH].edited_by == "Ann"


def test_a_wiped_body_over_a_foreign_branch_is_not(remote: Remote) -> None:
    remote.propose(body="")
    remote.people.commit({"NOTES": "x"}, branch=BRANCH)

    (proposal,) = remote.observe().proposals

    assert proposal.marker is None


def test_a_damaged_marker_stops_an_open_one_with_its_address(remote: Remote) -> None:
    remote.propose(body="<!-- gitops-upgrader {oops -->")

    with pytest.raises(MarkerUnreadable, match=r"https://forge\.example/fleet/pulls/1"):
        remote.observe()


def test_a_damaged_marker_of_a_closed_one_is_read_from_the_commit(remote: Remote) -> None:
    remote.propose(body="<!-- gitops-upgrader {oops -->")
    remote.host.close(1)

    (proposal,) = remote.observe().proposals

    assert proposal.marker is not None
    assert proposal.marker.target == NEW


def test_later_generations_are_found_whether_git_or_the_forge_knows_them(remote: Remote) -> None:
    remote.propose()
    remote.people.commit({"NOTES": "x"}, branch=FAMILY.branch(4), parents=(remote.people.tip(),))
    for generation in (2, 4):
        remote.forge.create(NewPull("x", "", FAMILY.branch(generation), "main", "0" * 40))

    seen = remote.observe()

    assert [proposal.pull.head for proposal in seen.proposals] == [
        FAMILY.branch(4),
        FAMILY.branch(2),
        FAMILY.first,
    ]
    assert set(seen.heads) == {FAMILY.first, FAMILY.branch(4)}


def test_pull_requests_to_another_base_count_while_they_are_open(remote: Remote) -> None:
    remote.propose()
    remote.forge.create(NewPull("x", "", FAMILY.first, "release", "0" * 40))
    assert len(remote.observe().proposals) == 2

    remote.host.close(2)

    assert [proposal.pull.number for proposal in remote.observe().proposals] == [1]


@pytest.mark.parametrize("how", ["box", "label"])
def test_people_ask_for_a_rebuild_of_what_is_open(how: str, remote: Remote) -> None:
    remote.propose()
    assert not remote.observe().rebuild
    if how == "box":
        remote.host.edit(1, f"{remote.host.pull(1).body}\n- [x] <!-- gitops-upgrader:rebuild --> Tick this")
    else:
        remote.host.label(1, REBUILD_LABEL)

    assert remote.observe().rebuild
    remote.host.close(1)
    assert not remote.observe().rebuild


def test_a_forge_that_tells_of_merges_is_believed(remote: Remote) -> None:
    """Its pull request is open, so it is not merged, whatever the base holds."""
    remote.propose()
    remote.people.squash(BRANCH)

    (proposal,) = remote.observe(holds=NEW).proposals

    assert proposal.pull.state is PullState.OPEN
