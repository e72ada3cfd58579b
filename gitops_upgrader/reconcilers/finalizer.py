"""The finalizer of an upgrader in a cluster: there only while something outside would have to be undone.

It is set before the first effect outside, so that a crash in between cannot leave a pull request that nobody closes,
and taken away as soon as nothing of ours is open.
"""

from __future__ import annotations

from gitops_upgrader.api.names import FINALIZER
from gitops_upgrader.errors import ObjectError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.pulls.decision import Close, Hold, Leave, Reason
from gitops_upgrader.reconcilers.propose import Proposed
from gitops_upgrader.reconcilers.scope import Scope

_NOT_KNOWN = frozenset(
    reason.value for reason in (Reason.LOOKUP_FAILED, Reason.BRANCH_MODIFIED, Reason.RETARGETED, Reason.PAUSED)
)
"""Reasons to hold that do not say whether anything of ours is open."""


def hold(scope: Scope, key: ObjectKey) -> None:
    """Keep an upgrader until what is made outside is undone. Raises what the store raises."""
    finalizers = _finalizers(scope, key)
    if finalizers is not None and FINALIZER not in finalizers:
        scope.store.patch(key, {"metadata": {"finalizers": [*finalizers, FINALIZER]}})


def keep(scope: Scope, key: ObjectKey, proposed: Proposed, *, deleted: bool) -> bool:
    """Set or take away the finalizer after a reconcile; returns whether nothing outside is left to undo.

    What is open may have been opened elsewhere, from the command line say, so it is held here at the latest.
    Raises what the store raises.
    """
    settled = is_settled(proposed, deleted=deleted)
    if settled:
        release(scope, key)
    elif not deleted and isinstance(proposed.decision, Leave):
        hold(scope, key)
    return settled


def release(scope: Scope, key: ObjectKey) -> None:
    """Let an upgrader go when it is deleted. Raises what the store raises."""
    finalizers = _finalizers(scope, key)
    if finalizers is not None and FINALIZER in finalizers:
        kept = [finalizer for finalizer in finalizers if finalizer != FINALIZER]
        scope.store.patch(key, {"metadata": {"finalizers": kept or None}})


def is_settled(proposed: Proposed, *, deleted: bool) -> bool:
    """Whether nothing outside is left to undo.

    A deleted upgrader also goes where nothing can be undone: what is paused or changed by a person is left as it is,
    and without its repository or Secret (a namespace that is being deleted, say) nobody could ever close anything.
    """
    if proposed.error is not None:
        return deleted and isinstance(proposed.error, ObjectError) and not proposed.error.transient
    decision = proposed.decision
    if deleted:
        return decision is not None and decision.reason != Reason.LOOKUP_FAILED.value
    if isinstance(decision, Close):
        return True
    return isinstance(decision, Hold) and decision.reason not in _NOT_KNOWN


def _finalizers(scope: Scope, key: ObjectKey) -> list[str] | None:
    """The finalizers as they are now; None where the object is gone."""
    stored = scope.store.get(key)
    if stored is None:
        return None
    return list(stored.content["metadata"].get("finalizers") or ())
