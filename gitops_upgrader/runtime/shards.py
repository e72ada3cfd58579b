"""A fleet that is too large for one process is split by a label: one Deployment, and one election, for each part.

What no shard is named for belongs to the first part. So every object has exactly one process that acts on it, also one
whose label is missing or misspelt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of the fleet.

    Attributes:
        name: what its Deployment and its Lease are called.
        component: what its Pods are called beside those of other shards, as a label's value.
        selector: the labels of its objects, as `--watch-label-selector` has them; empty for everything.
    """

    name: str
    component: str
    selector: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What its controller is told."""
        if not self.selector:
            return ()
        return (f"--watch-label-selector={self.selector}", f"--lease-name={self.name}")


def split(name: str, key: str, values: Iterable[str]) -> tuple[Shard, ...]:
    """The parts of a fleet: that of all other objects, then one for each value.

    Args:
        name: what the first part is called; those of the others begin with it.
        key: the label that says which shard an object is in.
        values: its values that have a shard of their own. Without any, the first part has everything.

    >>> [shard.selector for shard in split("upgrader", "shard", ["red", "blue"])]
    ['shard notin (blue,red)', 'shard=blue', 'shard=red']
    """
    named = sorted(set(values))
    # `notin` also selects what lacks the label (kubernetes.io/docs, "Labels and Selectors").
    first = Shard(name, "controller", f"{key} notin ({','.join(named)})" if named else "")
    return (first, *(Shard(f"{name}-{value}", f"shard-{value}", f"{key}={value}") for value in named))
