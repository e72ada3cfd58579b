"""Images that name the old version and stay: what a reviewer must know, as Machines of two versions cannot join."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import Found, Located, Manifests, Query, Role, VariableWant
from gitops_upgrader.manifests.image_variable import candidates
from gitops_upgrader.reconcilers.request import Request


def left_out(manifests: Manifests, located: Located, request: Request) -> Iterator[str]:
    """A note for each variable of the Cluster that names its version, looks like an image, and is not changed."""
    held = [place.text for place in located.of(Role.IMAGE, Role.TARGET)]
    found = _found(manifests, located)
    for candidate in candidates(found) if found is not None else ():
        if not candidate.is_image or candidate.template is None or candidate.text in held:
            continue
        if any(_covers(want, candidate.want) for want in request.query.variables):
            continue
        file, line = _place(manifests, located, request, candidate.want)
        yield (
            f"The variable {candidate.label} has {candidate.text}, which names the old version and is left as it is. "
            f"Should it change too, {_advice(candidate.want, request)} ({file}:{line})"
        )


def _advice(want: VariableWant, request: Request) -> str:
    if request.upgrader is None:
        return by_hand(want, is_given=bool(request.query.variables))
    scope = f", with the scope {want.scope.kind.value}" if want.scope else ""
    return f"name it in the upgrader's topologyVariables{scope}."


def by_hand(want: VariableWant, *, is_given: bool) -> str:
    """What to do about a variable that stays, for who has the command line alone.

    Args:
        want: where it is.
        is_given: whether `--variable` names another one already.
    """
    if want.scope is not None or want.path:
        return "use an upgrader: its topologyVariables reach it, and --variable does not."
    if is_given:
        return "use an upgrader: its topologyVariables can be several, and --variable is one."
    return f"give --image and --variable {want.name}."


def _place(manifests: Manifests, located: Located, request: Request, want: VariableWant) -> tuple[str, int]:
    """The file and line of a variable; the Cluster's where nobody could edit it there."""
    query = Query(located.name, located.namespace or None, variables=(want,), paths=request.query.paths)
    try:
        place = manifests.locate(query).variables[0]
    except ManifestError:
        return located.file, located.line
    return place.file, place.line


def _found(manifests: Manifests, located: Located) -> Found | None:
    try:
        named = manifests.named(located.name, located.namespace or None)
    except ManifestError:
        return None  # another file of that name; the one that is changed has been read
    return next((one for one in named if (one.file, one.line) == (located.file, located.line)), None)


def _covers(want: VariableWant, other: VariableWant) -> bool:
    """Whether a place that is written holds another one."""
    inside = other.path == want.path or other.path.startswith(f"{want.path}/")
    return inside and (want.name, want.scope) == (other.name, other.scope)
