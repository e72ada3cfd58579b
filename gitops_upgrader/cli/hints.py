"""What somebody may have meant: names that are near to one that leads nowhere, and an image that was left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gitops_upgrader.errors import ClusterNotFound

if TYPE_CHECKING:  # so that `--help` stays quick
    from gitops_upgrader.manifests import Found
    from gitops_upgrader.reconcilers.propose import Proposed


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question with a blank before it, or nothing where no name is near."""
    from gitops_upgrader.manifests.nearest import nearest  # here, as its package takes time to import

    near = nearest(given, known)
    return f" Did you mean {near}?" if near else ""


def nearest_cluster(name: str, found: Sequence[Found]) -> str:
    """The same for a cluster, given as `name` or `namespace/name`; its name in another namespace is told elsewhere."""
    if "/" in name:
        if any(item.name == name.rpartition("/")[2] for item in found):
            return ""
        return did_you_mean(name, {f"{item.namespace}/{item.name}" for item in found})
    return did_you_mean(name, {item.name for item in found})


def with_hint(proposed: Proposed, name: str, found: Sequence[Found]) -> Proposed:
    """A proposal for a cluster that is not there, with the name of one that is."""
    error = proposed.error
    if not isinstance(error, ClusterNotFound):
        return proposed
    message = f"{error.message}{nearest_cluster(name, found)}"
    return replace(proposed, error=ClusterNotFound(message, where=error.where, remedy=error.remedy))


def of_image(proposed: Proposed, variable: str | None, found: Sequence[Found]) -> str | None:
    """What to tell of the image of a proposal that changes something, where it may not be what was meant.

    Args:
        variable: the one that the image goes to; None where none was named.
        found: the Clusters of the proposal's file, or more.
    """
    located = proposed.located
    if located is None or not proposed.edits:
        return None
    chosen = next((item for item in found if (item.file, item.line) == (located.file, located.line)), None)
    if chosen is None:
        return None
    return _left_out(proposed, chosen) if variable is None else _added(proposed, variable, chosen)


def _added(proposed: Proposed, variable: str, found: Found) -> str | None:
    """Cluster API refuses a variable that the class lacks."""
    if variable in found.variables or all(edit.old is not None for edit in proposed.edits):
        return None
    near = did_you_mean(variable, found.variables)
    return f"{proposed.cluster} has no variable {variable} yet, so it is added.{near}"


def _left_out(proposed: Proposed, found: Found) -> str | None:
    """A version that moves on without its image ends in Machines that cannot join."""
    from gitops_upgrader.manifests.image_variable import image
    from gitops_upgrader.reconcilers.left_out import by_hand

    held = image(found)
    if held is None or held.template is None:
        return None
    return (
        f"{proposed.cluster} has {held.text} in the variable {held.label}, which names its version and stays as it is. "
        f"Should it change too, {by_hand(held.want, is_given=False)}"
    )
