"""Two candidates and one Lease, on clocks that the test moves."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.election import Election, Terms, seconds_awake_or_asleep
from gitops_upgrader.stores.protocol import Stored
from gitops_upgrader.stores.refusals import Asked, Refusal, error_of
from tests.runtime.memory import MemoryStore, Server

KEY = ObjectKey("coordination.k8s.io", "Lease", "system", "lease")
TERMS = Terms(duration=15, deadline=10, retry=2)


class World:
    """One server, one clock for everybody, and as many candidates as a test likes."""

    def __init__(self) -> None:
        self.server = Server()
        self.seconds = 1000.0

    def candidate(self, name: str, *, ahead: float = 0.0) -> Election:
        return Election(
            MemoryStore(self.server),
            "system",
            "lease",
            name,
            lambda: datetime(2026, 11, 1, tzinfo=UTC),
            terms=TERMS,
            clock=lambda: self.seconds + ahead,
        )

    @property
    def lease(self) -> dict[str, object]:
        found = self.server.objects[KEY]["spec"]
        assert isinstance(found, dict)
        return found


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_one_leads_and_the_other_waits(world: World) -> None:
    one, other = world.candidate("one"), world.candidate("other")

    assert one.attempt()
    assert not other.attempt()
    assert (one.leads, other.leads) == (True, False)
    assert (world.lease["holderIdentity"], world.lease["leaseDurationSeconds"]) == ("one", 15)


def test_a_leader_that_renews_keeps_the_lease_for_ever(world: World) -> None:
    one, other = world.candidate("one"), world.candidate("other")
    for _ in range(50):
        assert one.attempt()
        assert not other.attempt()
        world.seconds += 2


def test_another_one_takes_over_after_it_has_seen_no_change_for_as_long_as_the_lease_says(world: World) -> None:
    one, other = world.candidate("one"), world.candidate("other", ahead=1e6)
    one.attempt()
    world.seconds += 100  # nobody looked in between, so nobody knows how old the record is
    assert not other.attempt()
    world.seconds += 14.9
    assert not other.attempt()

    world.seconds += 0.1

    assert other.attempt()
    assert world.lease["leaseTransitions"] == 1


def test_a_leader_has_stopped_before_the_next_one_starts(world: World) -> None:
    one, other = world.candidate("one"), world.candidate("other")
    one.attempt()
    other.attempt()
    world.seconds += TERMS.deadline

    assert not one.leads
    assert not other.attempt()


def test_a_leader_that_was_overtaken_does_not_lead(world: World) -> None:
    one, other = world.candidate("one"), world.candidate("other")
    one.attempt()
    other.attempt()
    world.seconds += 15
    assert other.attempt()

    assert not one.attempt()
    assert not one.leads


def test_an_api_server_that_is_away_for_a_moment_costs_nothing(world: World) -> None:
    one = world.candidate("one")
    one.attempt()
    world.server.reachable = False
    world.seconds += 9
    assert not one.attempt()
    assert one.leads

    world.seconds += 1

    assert not one.leads


class Barred(MemoryStore):
    """A client whose rights are for Leases of other names."""

    def get(self, key: ObjectKey) -> Stored | None:
        asked = Asked("get", "coordination.k8s.io", "leases", "system", key)
        message = 'leases "lease" is forbidden: User "ada" cannot get resource "leases" in API group'
        raise error_of(Refusal(403, {"message": message}), asked)


def test_a_lease_that_its_rights_are_not_for_is_told_with_every_way_out(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    barred = Election(Barred(world.server), "system", "lease", "one", lambda: datetime(2026, 11, 1, tzinfo=UTC))

    assert not barred.attempt()

    (said,) = caplog.messages
    assert said == (
        "lease: Lease system/lease: ada may not get leases.coordination.k8s.io in namespace system. Name a Lease that "
        "it may have with --lease-name, one for each shard (`install` grants gitops-upgrader and, with --shard, the "
        "name of each shard's Deployment); or give it a Role in namespace system with the rules "
        '{apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["lease"], verbs: ["get", "patch"]}'
        ' and {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"]}; or, where no other '
        "replica works on these objects, run it with --no-leader-elect."
    )


def test_of_two_that_take_a_free_lease_at_the_same_moment_one_gets_it(world: World) -> None:
    gone = world.candidate("gone")
    gone.attempt()
    gone.release()
    stores = MemoryStore(world.server), MemoryStore(world.server)
    for store in stores:
        store.get(KEY)  # both have seen it free

    elections = [world.candidate("one"), world.candidate("other")]
    won = [election.attempt() for election in elections]

    assert sorted(won) == [False, True]


def test_a_leader_whose_lease_was_written_to_or_deleted_looks_again(world: World) -> None:
    one = world.candidate("one")
    assert one.attempt()
    MemoryStore(world.server).patch(KEY, {"metadata": {"labels": {"team": "red"}}})
    assert one.attempt()
    MemoryStore(world.server).delete(KEY)
    assert one.attempt()
    assert world.lease["holderIdentity"] == "one"


def test_renewing_takes_one_request(world: World) -> None:
    one = world.candidate("one")
    assert one.attempt()
    before = world.server.asked
    assert one.attempt()
    assert world.server.asked == before + 1


def test_a_released_lease_is_taken_at_once(world: World) -> None:
    one, other = world.candidate("one"), world.candidate("other")
    one.attempt()
    assert not other.attempt()

    one.release()

    assert not one.leads
    assert other.attempt()


def test_a_lease_that_is_somebody_elses_is_not_released(world: World) -> None:
    one, other = world.candidate("one"), world.candidate("other")
    one.attempt()
    other.attempt()
    world.seconds += 15
    other.attempt()

    one.release()

    assert world.lease["holderIdentity"] == "other"


def test_waiting_ends_when_the_process_shall_end(world: World) -> None:
    one, other = world.candidate("one"), world.candidate("other")
    one.attempt()
    stop = threading.Event()
    stop.set()

    assert not other.acquire(stop)
    one.keep(stop)  # returns


def test_keeping_ends_when_the_lease_is_lost(world: World) -> None:
    election = Election(
        MemoryStore(world.server),
        "system",
        "lease",
        "one",
        lambda: datetime(2026, 11, 1, tzinfo=UTC),
        terms=Terms(duration=0.03, deadline=0.02, retry=0.001),
        clock=lambda: world.seconds,
    )
    assert election.acquire(threading.Event())
    world.server.reachable = False
    world.seconds += 1

    election.keep(threading.Event())

    assert not election.leads


@pytest.mark.parametrize("terms", [(10, 10, 2), (15, 2, 2), (15, 10, 0)])
def test_terms_leave_time_to_stop(terms: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="duration > deadline > retry"):
        Terms(*terms)


def test_the_clock_goes_forward() -> None:
    assert seconds_awake_or_asleep() <= seconds_awake_or_asleep()
