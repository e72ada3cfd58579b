"""Changes of objects in memory, as the API server would make them: for stores that write to nothing."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from gitops_upgrader import api
from gitops_upgrader.errors import InvalidObject, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.keys import key_of
from gitops_upgrader.stores.protocol import Stored


def created(content: Mapping[str, Any]) -> Stored:
    """A new object, without its status.

    Raises:
        InvalidObject: it does not say what it is, or does not fit its kind's schema.
    """
    new = {name: copy.deepcopy(value) for name, value in content.items() if name != "status"}
    key = key_of(new)
    if key is None:
        raise InvalidObject("apiVersion, kind and metadata.name are needed.", where=Where(object=api.describe(new)))
    new["metadata"]["namespace"] = key.namespace
    _check(key, new)
    return Stored(key, new)


def patched(old: Stored, changes: Mapping[str, Any]) -> Stored:
    """An object after a JSON merge patch; its status is left alone.

    Raises:
        InvalidObject: it would not fit its kind's schema, or its kind does not allow the change.
    """
    new = _merged(old.content, {name: value for name, value in changes.items() if name != "status"})
    where = Where(object=str(old.key))
    if key_of(new) != old.key:
        raise InvalidObject("An object's kind, namespace and name cannot be changed.", where=where)
    _check(old.key, new, old.content)
    return Stored(old.key, new, old.origin)


def with_status(old: Stored, status: Mapping[str, Any]) -> Stored:
    """An object with another status."""
    return Stored(old.key, {**old.content, "status": copy.deepcopy(dict(status))}, old.origin)


def _check(key: ObjectKey, content: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> None:
    if key.group != api.GROUP:
        return
    # What exists may have been made by a newer CRD, with fields that this release does not know.
    resource = api.parse(content, strict=old is None)
    if old is not None and (found := api.check_update(api.parse(old, strict=False), resource)):
        where = Where(object=str(key), field=found[0].field)
        raise InvalidObject(found[0].sentence, where=where)


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result
