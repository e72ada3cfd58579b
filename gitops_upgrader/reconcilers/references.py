"""Following references from one object to another. A reference that leads nowhere is an error of its own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from gitops_upgrader.api import parse_as
from gitops_upgrader.api.references import ObjectReference
from gitops_upgrader.api.resource import Resource
from gitops_upgrader.errors import CrossNamespaceReference, InvalidObject, ObjectNotFound, ObjectUnusable, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.scope import Named, Scope, key_of
from gitops_upgrader.stores.directory import DirectoryStore

if TYPE_CHECKING:
    from gitops_upgrader.stores.protocol import Stored

_Kind = TypeVar("_Kind", bound=Resource)


def follow(scope: Scope, origin: Named, reference: ObjectReference, kind: str, field: str) -> Stored:
    """The object that a reference names.

    Args:
        origin: the object that refers.
        kind: the kind that is meant where the reference names none.
        field: the reference's path, for messages.

    Raises:
        CrossNamespaceReference: it leaves the namespace.
        ObjectNotFound: it leads nowhere.
    """
    home = key_of(origin)
    where = Where(object=str(home), field=field)
    if reference.namespace not in (None, home.namespace):
        raise CrossNamespaceReference(
            f"The reference leads to namespace {reference.namespace!r}.",
            where=where,
            remedy="References stay in their namespace: copy the object, or move this one.",
        )
    group, named = reference.target(kind)
    return required(scope, ObjectKey(group, named, home.namespace, reference.name), where)


def required(
    scope: Scope, key: ObjectKey, where: Where, remedy: str = "Create it, or correct the reference."
) -> Stored:
    """An object that has to be there.

    Args:
        remedy: what to do where it is not.

    Raises:
        ObjectNotFound: it is not there.
        ObjectUnusable: it is, and was left out as it has mistakes.
    """
    found = scope.store.get(key)
    if found is not None:
        return found
    if is_left_out(scope, key):
        raise ObjectUnusable(f"{key} has mistakes, so it was left out.", where=where, remedy="Correct them first.")
    raise ObjectNotFound(f"There is no {key}.", where=where, remedy=remedy)


def is_left_out(scope: Scope, key: ObjectKey) -> bool:
    """Whether an object is in the files, and not in the store as it has mistakes."""
    return isinstance(scope.store, DirectoryStore) and key in scope.store.broken


def read(stored: Stored, kind: type[_Kind]) -> _Kind:
    """An object of ours as its model. Raises InvalidObject."""
    return parse_as(kind, stored.content)


def secret_data(scope: Scope, origin: Named, name: str, field: str) -> Mapping[str, bytes]:
    """The decoded data of a Secret in the same namespace.

    Raises:
        ObjectNotFound: it is not there.
        InvalidObject: a value is not base64.
    """
    home = key_of(origin)
    stored = required(scope, ObjectKey("", "Secret", home.namespace, name), Where(object=str(home), field=field))
    decoded = {key: value.encode() for key, value in _texts(stored, "stringData").items()}
    for key, value in _texts(stored, "data").items():
        try:
            decoded.setdefault(key, base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError):
            raise InvalidObject(
                f"The value of {key!r} is not base64.",
                where=Where(object=str(stored.key), field=f"data.{key}"),
                remedy="Write it under stringData, or encode it.",
            ) from None
    return decoded


def config_map_data(stored: Stored) -> Mapping[str, bytes]:
    """The data of a ConfigMap, binary or not."""
    texts = {key: value.encode() for key, value in _texts(stored, "data").items()}
    return texts | {key: base64.b64decode(value) for key, value in _texts(stored, "binaryData").items()}


def _texts(stored: Stored, field: str) -> dict[str, str]:
    found = stored.content.get(field)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, Mapping) else {}
