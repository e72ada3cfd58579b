"""The versions that the source of a syncer publishes, whatever kind of object it is."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_upgrader.errors import InvalidObject, InvalidVersion, ObjectNotReady, ObjectPaused, Where
from gitops_upgrader.reconcilers.readiness import readiness
from gitops_upgrader.sources.versionlist import parse_version_lines
from gitops_upgrader.stores.protocol import Stored
from gitops_upgrader.versions import Version


def published(source: Stored) -> tuple[Version, ...]:
    """The versions of `status.versions`, or of a ConfigMap's key `versions`, one a line; ascending, each once.

    As upstream has it, an entry of `status.versions` that is no version is passed over: not every package is.

    Raises:
        ObjectNotReady: the source has not said anything yet.
        InvalidObject: what it says is no list of versions.
    """
    where = Where(object=str(source.key))
    if (source.key.group, source.key.kind) == ("", "ConfigMap"):
        return _lines(source, where)
    status = source.content.get("status")
    versions = status.get("versions") if isinstance(status, Mapping) else None
    if versions is None:
        said = readiness(source)
        if said.paused:
            raise ObjectPaused("It is paused, so its versions are not read.", where=where)
        raise ObjectNotReady(said.message or "It has not published any versions yet.", where=where)
    if not isinstance(versions, list):
        raise InvalidObject("It is no list.", where=Where(object=str(source.key), field="status.versions"))
    return tuple(sorted({version for text in versions if (version := _version(text)) is not None}))


def _lines(source: Stored, where: Where) -> tuple[Version, ...]:
    data = source.content.get("data")
    text = data.get("versions") if isinstance(data, Mapping) else None
    if not isinstance(text, str):
        raise InvalidObject(
            "The ConfigMap has no key `versions`.", where=where, remedy="Write one version a line under it."
        )
    return parse_version_lines(text, where=where)


def _version(text: object) -> Version | None:
    try:
        return Version.parse(str(text))
    except InvalidVersion:
        return None
