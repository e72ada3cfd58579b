"""Names of branches: the stateless identity of a proposal.

`<prefix>[_<instance>/]<namespace>/<upgrader>`, `<prefix>_group/<namespace>/<group>`, or, without custom resources,
`<prefix>_cluster/<namespace or ->/<cluster>`. An underscore is legal in no object name, so the forms never collide.
A branch whose pull request a person closed is left alone for ever; its successors are `<branch>_2`, `<branch>_3`, ...
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitops_upgrader.errors import InvalidObject

_COMPONENT = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
"""An RFC 1123 subdomain, the names that the Kubernetes API admits."""

_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)")
"""What git-check-ref-format(1) refuses inside a reference."""


@dataclass(frozen=True, slots=True)
class Family:
    """One proposal's branches: the first one and its successors."""

    first: str

    def branch(self, generation: int) -> str:
        """The branch of a generation; the first is generation 1."""
        return self.first if generation == 1 else f"{self.first}_{generation}"

    def generation(self, branch: str) -> int | None:
        """The generation of a branch, or None where it is no branch of this family."""
        if branch == self.first:
            return 1
        tail = branch.removeprefix(f"{self.first}_")
        if tail == branch or not re.fullmatch(r"[1-9][0-9]{0,5}", tail) or tail == "1":
            return None
        return int(tail)


PART_RULE = "Use lower-case letters, digits, '-' and '.', with a letter or a digit at both ends"
"""What a part of a branch's name has to be, in words."""


def is_part(text: str) -> bool:
    """Whether a text can stand between two slashes of a branch's name.

    >>> [is_part(text) for text in ("eu-1", "EU 1", "a..b", "a.lock")]
    [True, False, False, False]
    """
    return bool(_COMPONENT.fullmatch(text)) and not _REF_FORBIDDEN.search(text)


def upgrader_family(prefix: str, namespace: str, name: str, instance: str | None = None) -> Family:
    """The branches of one upgrader. Raises InvalidObject where Git would refuse the name."""
    middle = f"_{_checked(instance)}/" if instance else ""
    return _family(f"{prefix}{middle}{_checked(namespace)}/{_checked(name)}")


def cluster_family(prefix: str, namespace: str | None, cluster: str, instance: str | None = None) -> Family:
    """The branches of a cluster that is upgraded without custom resources."""
    middle = f"_{_checked(instance)}/" if instance else ""
    return _family(f"{prefix}{middle}_cluster/{_checked(namespace) if namespace else '-'}/{_checked(cluster)}")


def upgrader_of(prefix: str, branch: str, instance: str | None = None) -> str | None:
    """The upgrader, `<namespace>/<name>`, that a branch belongs to; None where it is another instance's, a group's,
    or that of a cluster without custom resources.

    >>> upgrader_of("gitops-upgrader/", "gitops-upgrader/fleet/prod_2")
    'fleet/prod'
    """
    start = f"{prefix}_{instance}/" if instance else prefix
    namespace, slash, name = branch.removeprefix(start).partition("/")
    name = re.sub(r"_[1-9][0-9]*$", "", name)
    if not branch.startswith(start) or not slash:
        return None
    return f"{namespace}/{name}" if _COMPONENT.fullmatch(namespace) and _COMPONENT.fullmatch(name) else None


def _checked(name: str) -> str:
    if not _COMPONENT.fullmatch(name):
        raise InvalidObject(
            f"{name!r} is no name that an object of Kubernetes can have, and no part of a branch's.",
            remedy=f"{PART_RULE}.",
        )
    return name


def _family(first: str) -> Family:
    if _REF_FORBIDDEN.search(first) or first.startswith(("/", "-")) or first.endswith(("/", ".")) or len(first) > 200:
        raise InvalidObject(
            f"Git refuses {first!r} as the name of a branch.",
            remedy="Change branchPrefix or the object's name: no '..', no name that ends in '.lock', "
            "at most 200 characters.",
        )
    return Family(first)
