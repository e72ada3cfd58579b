"""JSON pointers (RFC 6901), and paths through a tree of nodes that refuse what an edit must not touch.

Two additions serve values that people keep in lists and in text: `[name=prod]` picks the item of a list whose key
`name` is `prod`, and `|` after the pointer of a block scalar goes on inside the YAML that it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gitops_upgrader.errors import AliasedValue, DuplicateKey, InvalidPointer, MergeKey
from gitops_upgrader.manifests.node import Alias, Mapping, Node, Parent, Scalar, Sequence, rules_out

_SELECTOR: Final = re.compile(r"\[([^=\]]+)=(.*)\]", re.DOTALL)
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_BAD_ESCAPE: Final = re.compile(r"~(?![01])")


def parse(pointer: str) -> list[list[str]]:
    """The parts of a pointer, unescaped; one list for each level of text inside text.

    >>> parse("/data/values.yaml|/clusters/[name=a~1b]")
    [['data', 'values.yaml'], ['clusters', '[name=a/b]']]

    Raises:
        InvalidPointer: it does not start with `/`, or has a `~` that is not `~0` or `~1`.
    """
    if not pointer:
        return [[]]
    levels = re.split(r"\|(?=/|\Z)", pointer)
    for level in levels:
        if level and not level.startswith("/"):
            raise InvalidPointer(
                f"{pointer!r} is no JSON pointer: it does not start with a slash.",
                remedy="Write it as /spec/topology/version, or | and a slash for YAML inside a text.",
            )
        if _BAD_ESCAPE.search(level):
            raise InvalidPointer(
                f"{pointer!r} is no JSON pointer: ~ stands alone.", remedy="Write ~0 for ~ and ~1 for / in a key."
            )
    return [[unescape(part) for part in level.split("/")[1:]] for level in levels]


def unescape(part: str) -> str:
    """One part of a pointer as the key that it means."""
    return part.replace("~1", "/").replace("~0", "~")


def escape(key: str) -> str:
    """A key as a part of a pointer."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def join(parts: Iterable[str | int]) -> str:
    """A pointer from keys and indices."""
    return "".join([f"/{part if type(part) is int else escape(str(part))}" for part in parts])


def child(node: Node, key: str) -> Node | None:
    """The value of a key in a mapping, or of an index or selector in a sequence; None where there is none.

    Raises:
        AliasedValue: the node is an alias.
        DuplicateKey: the mapping has the key twice.
        MergeKey: the mapping has no such key, but merges another mapping that may.
    """
    if isinstance(node, Mapping):
        keys = node.keys
        if keys.count(key) == 1:
            return node.value(keys.index(key))
        refuse_unclear(node, key)
    elif isinstance(node, Sequence):
        return _item(node, key)
    elif isinstance(node, Alias):
        raise aliased(node)
    return None


def walk(node: Node | None, keys: Iterable[str]) -> Node | None:
    """Follow several keys, as `child` does."""
    for key in keys:
        if node is None:
            return None
        node = child(node, key)
    return node


def aliased(node: Alias) -> AliasedValue:
    """The refusal of a value that is an alias."""
    anchor = node.document.where(node.target.start)
    return AliasedValue(
        f"The alias *{node.name} stands here; its value is at {anchor}.",
        where=node.document.where(node.start),
        remedy="Write the value out in place of the alias.",
    )


def refuse_unclear(node: Mapping, key: str) -> None:
    """Refuse a mapping that has a key twice, or that does not have it and may get it from another one.

    Raises:
        DuplicateKey, MergeKey: as `child`.
    """
    keys = node.keys
    if key in keys:
        first = keys.index(key)
        second = keys.index(key, first + 1)
        raise DuplicateKey(
            f"The key {key} is there twice, first at {node.document.where(node.key_start(first))}; "
            "parsers disagree which one counts.",
            where=node.document.where(node.key_start(second)),
            remedy="Remove one of them.",
        )
    if "<<" in keys:
        raise MergeKey(
            f"{key} is not here itself, and the merge key (<<) may bring it.",
            where=node.document.where(node.key_start(keys.index("<<"))),
            remedy=f"Write {key} out in this mapping.",
        )


def _item(node: Sequence, key: str) -> Node | None:
    if _INDEX.fullmatch(key):
        index = int(key)
        return node.item(index) if index < len(node.unfolded()) else None
    selector = _SELECTOR.fullmatch(key)
    if selector is None:
        return None
    name, value = selector.groups()
    others = [type(member) is list and rules_out(member, name, value) for member in node.unfolded()]
    items = [node.item(index) for index, other in enumerate(others) if not other]
    found = [item for item in items if peek(item, name) == value]
    if len(found) > 1:
        first, second = (item.document.where(item.start) for item in found[:2])
        raise DuplicateKey(
            f"Two items of the list have {name} {value}, the first at {first}.",
            where=second,
            remedy="Remove one of them; the pointer of a target can name the other one by its index.",
        )
    return found[0] if found else None


def follow(node: Node | None) -> Node | None:
    """The node that an alias stands for, or the node itself."""
    return node.target if isinstance(node, Alias) else node


def look(node: Node | None, *keys: str) -> Node | None:
    """Follow keys as a reader would: aliases and merge keys are followed, and of duplicates the last one counts.

    For telling what an object is; `walk` is for what is to be edited.
    """
    for key in keys:
        if isinstance(node, Alias):
            node = node.target
        if not isinstance(node, Mapping):
            return None
        names = node.keys
        count = names.count(key)
        if count:
            node = node.value(names.index(key) if count == 1 else len(names) - 1 - names[::-1].index(key))
        else:
            node = _merged(node, key) if "<<" in names else None
    return node.target if isinstance(node, Alias) else node


def _merged(node: Mapping, key: str) -> Node | None:
    """The value that merge keys bring."""
    for name, value in zip(node.keys, node.values, strict=True):
        if name == "<<":
            sources = follow(value)
            options = sources.items if isinstance(sources, Sequence) else [value]
            merged = next((hit for option in options if (hit := look(option, key)) is not None), None)
            if merged is not None:
                return merged
    return None


def peek(node: Node | None, *keys: str) -> str:
    """The text of a scalar, found as `look` finds it; empty where there is none."""
    found = look(node, *keys)
    return found.value if isinstance(found, Scalar) else ""


def entries(node: Node | None) -> list[Node]:
    """The items of a sequence, aliases followed; none where it is something else."""
    found = follow(node)
    items = map(follow, found.items) if isinstance(found, Sequence) else ()
    return [item for item in items if item is not None]


def path(node: Node) -> tuple[tuple[Parent, str | int], ...]:
    """The way from a document's root to one of its nodes: each collection on it, with the key or index taken.

    The node must be in its document's tree; the way is empty for the root. It is found once.
    """
    paths = node.document.paths
    found = paths.get(node)
    if found is None:
        found = paths[node] = _path(node)
    return found


def _path(node: Node) -> tuple[tuple[Parent, str | int], ...]:
    trail: list[tuple[Parent, str | int]] = []
    current = node.document.root
    start, end = node.start, node.end
    # By place, as a tree that was forgotten is composed anew; what a collection holds begins after it.
    while isinstance(current, (Mapping, Sequence)) and (current.start != start or current.end != end):
        index = current.index(node)
        if isinstance(current, Mapping):
            trail.append((current, current.keys[index]))
            current = current.value(index)
        else:
            trail.append((current, index))
            current = current.item(index)
    return tuple(trail)


def _members(node: Node) -> Iterable[tuple[str | int, Node]]:
    if isinstance(node, Mapping):
        return zip(node.keys, node.values, strict=True)
    return enumerate(node.items) if isinstance(node, Sequence) else ()


def children(node: Node | None) -> list[tuple[str | int, Node]]:
    """The values in a collection with their keys (the text of scalar keys) or indices."""
    return list(_members(node)) if node is not None else []


def of(node: Node) -> str:
    """The pointer of a node in its document, and of that document in what holds it."""
    inner = join(key for _, key in path(node))
    holder = node.document.holder
    return f"{of(holder)}|{inner}" if holder is not None else inner
