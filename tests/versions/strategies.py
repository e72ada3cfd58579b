"""Hypothesis strategies for versions, small numbers first so that collisions are common."""

from __future__ import annotations

from hypothesis import strategies as st

from gitops_upgrader.versions import Version

NUMBERS = st.integers(0, 3) | st.integers(0, 2**64 - 1)
STAGES = st.sampled_from(("", "", "0", "alpha.1", "beta.2", "rc.1", "rc.2", "rc.10", "rc1", "alpha-x"))
MARKS = st.sampled_from(("", "", "-", "--vmware.1", "--vmware.2-vkr.4", "--vmware.10-vkr.1", "gke.100", "eks-a5565ad"))
BUILDS = st.sampled_from(
    ("", "", "", "rke2r1", "rke2r2", "rke2r10", "k3s1", "k3s01", "vmware.1", "001", "f67aeb3", "20240101")
)
WORDS = st.from_regex(r"(?:0|[1-9][0-9]{0,3}|[A-Za-z-][0-9A-Za-z-]{0,3})", fullmatch=True)
FREE = st.lists(WORDS, max_size=3).map(".".join)


@st.composite
def versions(draw: st.DrawFn, numbers: st.SearchStrategy[int] = NUMBERS) -> Version:
    """Any version, with or without a leading `v`."""
    return Version(
        draw(numbers),
        draw(numbers),
        draw(numbers),
        draw(STAGES | MARKS | FREE),
        draw(BUILDS | FREE),
        draw(st.sampled_from(("", "v"))),
    )
