"""Finding the right place in any repository's manifests, and changing those bytes alone.

    Manifests(tree).locate(Query(...)) -> Located        where the version, the class and the variables stand, and why
    Manifests(tree).edit(located, Values(...)) -> Edited the new bytes of each file, read back by a second parser

`source` and `document` split files; `compose` makes `node` trees that know their places; `cluster`, `field`, `overlay`,
`marker` and `target` find places; `scalar` and `insertion` write text; `edit` splices it and `proof` proves it.
"""

from gitops_upgrader.manifests.diff import diff
from gitops_upgrader.manifests.origin import Origin
from gitops_upgrader.manifests.place import Edited, Found, Located, Note, Place, Shape, Slot, Step
from gitops_upgrader.manifests.query import (
    DocumentWant,
    Query,
    Role,
    Scope,
    ScopeKind,
    TargetWant,
    Values,
    VariableWant,
)
from gitops_upgrader.manifests.repository import Manifests
from gitops_upgrader.manifests.scan import Extent

__all__ = [
    "DocumentWant",
    "Edited",
    "Extent",
    "Found",
    "Located",
    "Manifests",
    "Note",
    "Origin",
    "Place",
    "Query",
    "Role",
    "Scope",
    "ScopeKind",
    "Shape",
    "Slot",
    "Step",
    "TargetWant",
    "Values",
    "VariableWant",
    "diff",
]
