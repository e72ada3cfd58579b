"""What holds of every decision, whatever is seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.model import PullState, Target
from gitops_upgrader.pulls.decide import decide
from gitops_upgrader.pulls.decision import Close, Create, Head, Hold, Leave, Seen, Update
from tests.pulls.seen import CLOSED, FAMILY, GATE, MERGED, NEW, NONE, TIP, V33, V34, V34_1, V35, proposal, seen

TARGETS = st.sampled_from([V33, V34_1, V34, V35])
HEADS = st.builds(Head, st.sampled_from([TIP, NEW]), st.sampled_from([None, "Ann"]), st.booleans())


@st.composite
def worlds(draw: st.DrawFn) -> Seen:
    """Any state of the world, likely or not; at most one pull request is open, as the design has it."""
    states = draw(st.lists(st.sampled_from([CLOSED, MERGED]), max_size=3))
    if draw(st.booleans()):
        states.append(PullState.OPEN)
    proposals = tuple(
        proposal(
            state,
            to=draw(TARGETS),
            origin=draw(TARGETS),
            number=number,
            head=FAMILY.branch(draw(st.integers(1, 3))),
            lost_marker=draw(st.booleans()),
            approved=draw(st.booleans()),
            queued=draw(st.booleans()),
            marker={
                "closed": draw(st.sampled_from([None, "Obsolete"])),
                "settled": draw(st.booleans()),
                "waiting": draw(st.booleans()),
                "retry": draw(st.sampled_from([None, "1"])),
            },
        )
        for number, state in reversed(list(enumerate(states, 1)))
    )
    return seen(
        *proposals,
        origin=draw(TARGETS),
        wanted=draw(st.one_of(TARGETS, st.just(NONE))),
        heads=draw(st.dictionaries(st.sampled_from([FAMILY.branch(n) for n in (1, 2, 3)]), HEADS)),
        opens_pulls=True,
        retry=draw(st.sampled_from([None, "1", "2"])),
        lookup_failed=draw(st.sampled_from([None, None, "the forge did not answer"])),
        paused=draw(st.sampled_from([None, None, "The upgrader"])),
        removed=draw(st.booleans()),
        gate=draw(st.sampled_from([None, None, GATE])),
        rebuild=draw(st.booleans()),
    )


@given(worlds())
def test_nothing_of_a_person_is_ever_touched(world: Seen) -> None:
    """Whatever is seen: no push to, and no deletion of, a branch that somebody else works on or has closed."""
    decision = decide(world)
    branch = None
    if isinstance(decision, Create | Update) and decision.push:
        branch = decision.push.branch
        assert decision.push.expected == (world.heads[branch].commit if branch in world.heads else None)
    elif isinstance(decision, Close) and decision.head:
        branch = decision.branch
    if branch is None:
        return
    opened = any(p.open and p.pull.head == branch for p in world.proposals)
    assert opened or not any(p.refused and p.pull.head == branch for p in world.proposals)
    head = world.heads.get(branch)
    if head is not None and head.edited_by:
        ends = [p.pull for p in world.proposals if p.pull.head == branch and p.pull.state is MERGED]
        assert ends
        assert head.commit in {end.head_commit for end in ends}
    if isinstance(decision, Create | Update):
        assert isinstance(world.wanted, Target)
        assert (world.paused, world.lookup_failed, world.removed) == (None, None, False)


@given(worlds())
def test_a_message_says_why(world: Seen) -> None:
    decision = decide(world)

    assert decision.reason
    assert decision.reason[0].isupper()
    assert decision.message.strip()
    assert isinstance(decision, Create | Update | Leave | Close | Hold)
