"""What somebody may have meant: names that are near to one that leads nowhere."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gitops_upgrader.errors import ClusterNotFound

if TYPE_CHECKING:  # so that `--help` stays quick
    from gitops_upgrader.manifests import Found
    from gitops_upgrader.reconcilers.propose import Proposed


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question with a blank before it, or nothing where no name is near."""
    near = difflib.get_close_matches(given, sorted(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""


def nearest_cluster(name: str, found: Sequence[Found]) -> str:
    """The same for a cluster, given as `name` or `namespace/name`."""
    if "/" in name:
        return did_you_mean(name, {f"{item.namespace}/{item.name}" for item in found})
    return did_you_mean(name, {item.name for item in found})


def with_hint(proposed: Proposed, name: str, found: Sequence[Found]) -> Proposed:
    """A proposal for a cluster that is not there, with the name of one that is."""
    error = proposed.error
    if not isinstance(error, ClusterNotFound):
        return proposed
    message = f"{error.message}{nearest_cluster(name, found)}"
    return replace(proposed, error=ClusterNotFound(message, where=error.where, remedy=error.remedy))


def of_new_variable(proposed: Proposed, variable: str, found: Sequence[Found]) -> str | None:
    """What to tell of a variable that a cluster has not had before: Cluster API refuses one that its class lacks."""
    if all(edit.old is not None for edit in proposed.edits) or proposed.located is None:
        return None
    place = (proposed.located.file, proposed.located.line)
    known = {name for item in found if (item.file, item.line) == place for name in item.variables}
    if variable in known:
        return None
    return f"{proposed.cluster} has no variable {variable} yet, so it is added.{did_you_mean(variable, known)}"
