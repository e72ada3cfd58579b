"""Where the values of a Cluster come from that are filled in, as an instruction: all targets that it takes at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from gitops_upgrader.errors import ClusterNotFound, ManifestError, TemplatedValue
from gitops_upgrader.manifests import cluster as kinds
from gitops_upgrader.manifests import editable, effective, mention, pointer, suspect, target
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.instance import Instance
from gitops_upgrader.manifests.node import Node, Scalar
from gitops_upgrader.manifests.override import Fate
from gitops_upgrader.manifests.query import VERSION_TEMPLATE, Query, Role, VariableWant
from gitops_upgrader.manifests.scan import Trait
from gitops_upgrader.manifests.search import Search
from gitops_upgrader.manifests.suspect import Suspect

_TEMPLATES: Final = {Role.VERSION: VERSION_TEMPLATE, Role.VARIABLE: "$(IMAGE_ID)"}
"""What a target writes in the place of a value that turns out to be filled in from elsewhere; a class has no such."""

_MISSING: Final = (
    "Only its class is still missing: name that with a setter comment, or leave topologyClass out.",
    f'Only its image is still missing: add a target for that, with value: "{_TEMPLATES[Role.VARIABLE]}".',
)
_VERSION: Final = re.compile(r"^[ \t]*version[ \t]*:[ \t]*+(.*\{\{.*)$", re.MULTILINE)
_NAME: Final = re.compile(r"""^[ \t]*name["']?[ \t]*:([^#\n]*)""", re.MULTILINE)
_NEXT: Final = re.compile(r"""\bname["']?[ \t]*:""")


def remedy(
    search: Search, query: Query, error: ManifestError, instances: Sequence[Instance], roles: Iterable[Role]
) -> str:
    """What looks like the source of the values that are missing, as an instruction.

    Args:
        search: the files.
        query: what is looked for.
        error: why it was refused: a template expression, or there is no Cluster of that name.
        instances: the Clusters of that name.
        roles: those that no target or setter comment names a place for.
    """
    lost = isinstance(error, ClusterNotFound)
    missing = set(roles)
    roles = [role for role in _TEMPLATES if role in missing]
    texts = {role: list(_expressions(search, query, error, instances, role)) for role in roles}
    if instances and not any(error.message in found for found in texts.values()):
        return ""  # it is about another value, such as the class
    fate = partial(search.overrides.of, paths=query.paths)
    found = {role: _suspects(search, query, role, texts[role], fate, lost=lost) for role in roles}
    for role in roles:
        found[role] = found[role] or list(_defaults(query, instances, role))
    versions, images = (found.get(role, []) for role in _TEMPLATES)
    count = bool(versions) + bool(images)
    added = f"Add {'it' if count == 1 else 'them'} to the targets that are there." if count and query.targets else ""
    keys = dict.fromkeys(suspect.named_keys(text) for role in roles for text in texts[role])
    unread = [] if lost else [where for one in keys for where in mention.mentions(search.scan, one)]
    needed = "" if not lost or count or Role.VERSION in missing else _MISSING[Role.VARIABLE in missing]
    return " ".join(filter(None, (suspect.remedy(versions, images), added, needed, mention.remedy(unread))))


def _suspects(
    search: Search, query: Query, role: Role, texts: list[str], fate: Callable[[Scalar], Fate], *, lost: bool
) -> list[Suspect]:
    """The likeliest places of a role's value. Of a Cluster that is not found, those that stand near its name."""
    template = "" if role is Role.VERSION else _TEMPLATES[role]
    if lost and role is Role.VERSION:
        beyond = [suspect.at(node) for node in search.overlays.versions_beyond(query.name)]
        if beyond:
            return beyond
        texts = [*texts, ""]
    found = (suspect.suspects(search.scan, query.name, text, template, fate, near=lost) for text in texts)
    return next(filter(None, found), [])


def _expressions(
    search: Search, query: Query, error: ManifestError, instances: Sequence[Instance], role: Role
) -> Iterator[str]:
    """The expressions that stand in the place of a role's value, each with text around it or without."""
    if instances:
        yield from filter(None, (_refusal(partial(effective.slots, one, query, [role])) for one in instances))
        return
    if role is Role.VERSION and isinstance(error, TemplatedValue):
        yield error.message
        return
    for path in search.scan.having(Trait.CLUSTER):
        data = search.scan.data(path)
        if matches(path, query.paths) and (b"{{" in data or b"$" in data):
            for document in _documents(search, path):
                yield from _unnamed(document, query, role)


def _documents(search: Search, path: str) -> list[Document]:
    try:
        return search.scan.documents(path)
    except ManifestError:
        return []  # this is for a hint


def _unnamed(document: Document, query: Query, role: Role) -> Iterator[str]:
    """The expressions in the Clusters of a document whose names are filled in too."""
    try:
        found = list(kinds.clusters(document))
    except ManifestError:
        yield from _in_text(document.text, query, role)
        return
    for one in found:
        name = pointer.look(one.node, "metadata", "name")
        if name is not None and _refusal(partial(editable.refuse_template, name)):
            refusals = (_refusal(partial(editable.refuse_template, node)) for node in _values(one.node, query, role))
            yield from filter(None, refusals)


def _refusal(attempt: Callable[[], object]) -> str:
    """The message that has the expression; empty where there is none."""
    try:
        attempt()
    except TemplatedValue as error:
        return error.message
    except ManifestError:
        pass  # something else is the matter with it
    return ""


def _in_text(text: str, query: Query, role: Role) -> Iterator[str]:
    """The same of a text that is no YAML before it is filled in."""
    name = _NAME.search(text, max(0, text.find("metadata")))
    if name and "{{" not in name[1] and name[1].strip(" \t\r").strip("\"'") != query.name:
        return  # another Cluster
    if role is Role.VERSION:
        yield from (found[1] for found in _VERSION.finditer(text))
        return
    for want in query.variables:
        for found in re.finditer(rf"""\bname["']?[ \t]*:[ \t]*["']?{re.escape(want.name)}\b""", text):
            end = _NEXT.search(text, found.end())
            part = text[found.end() : end.start() if end else len(text)]
            values = re.findall(rf"""\b{re.escape(_key(want))}["']?[ \t]*:[ \t]*+(.*)""", part)
            yield from [value for value in values if "{{" in value][:1]


def _key(want: VariableWant) -> str:
    return pointer.parse(f"/value{want.path}")[-1][-1]


def _values(tree: Node, query: Query, role: Role) -> Iterator[Node]:
    """What stands in the place of a role's values in a Cluster; overrides are left out."""
    ways: list[tuple[str, ...]] = [("version",)]
    if role is Role.VARIABLE:
        wants = [want for want in query.variables if want.scope is None]
        ways = [("variables", f"[name={want.name}]", *pointer.parse(f"/value{want.path}")[0]) for want in wants]
    for way in ways:
        try:
            node = pointer.walk(tree, ("spec", "topology", *way))
        except ManifestError:
            continue
        if node is not None:
            yield node


def _defaults(query: Query, instances: Sequence[Instance], role: Role) -> Iterator[Suspect]:
    """The default in an expression of Flux's, which can be edited where nobody sets the variable."""
    for node in (node for one in instances for node in _values(one.tree, query, role)):
        template = target.default(node, _TEMPLATES[role])
        if isinstance(node, Scalar) and template:
            yield suspect.at(node, template=template)
