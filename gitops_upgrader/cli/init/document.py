"""YAML that people will edit: objects with comments, written by ruamel.yaml."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_WIDTH: Final = 118

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file.

    Attributes:
        content: the object, as JSON.
        comment: what it is for; stands above it.
        notes: comments that stand above single fields, by the keys that lead there.
    """

    content: Mapping[str, Any]
    comment: str = ""
    notes: Mapping[Path, str] = field(default_factory=dict)


def written(documents: Iterable[Document], epilog: Iterable[str] = ()) -> str:
    """Return a file with these objects, and comments after the last one."""
    text = "---\n".join(_comment(one.comment) + _object(one) for one in documents)
    return text + "".join("\n" + _comment(paragraph) for paragraph in epilog)


def _object(document: Document) -> str:
    from ruamel.yaml import YAML  # here, as it is slow to import

    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    content = _commented(document.content)
    for path, note in document.notes.items():
        parent = content
        for key in path[:-1]:
            parent = parent[key]
        depth = 2 * (len(path) - 1)
        parent.yaml_set_comment_before_after_key(
            path[-1], before="\n".join(textwrap.wrap(note, _WIDTH - depth)), indent=depth
        )
    stream = io.StringIO()
    yaml.dump(content, stream)
    return stream.getvalue()


def _commented(value: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if isinstance(value, Mapping):
        return CommentedMap({key: _commented(inner) for key, inner in value.items()})
    if isinstance(value, list | tuple):
        return CommentedSeq([_commented(inner) for inner in value])
    if isinstance(value, str) and "\n" in value:
        return LiteralScalarString(value)
    return DoubleQuotedScalarString(value) if isinstance(value, str) and not _is_plain(value) else value


def _is_plain(text: str) -> bool:
    """Whether YAML 1.1, which Kubernetes' tools read, takes a plain scalar for this text: `no` is a boolean there."""
    import yaml

    try:
        return bool(yaml.safe_load(text) == text)
    except yaml.YAMLError:
        return False


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, _WIDTH))
