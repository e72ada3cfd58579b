"""DebianRepositorySource: notice the versions that repositories publish."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_upgrader.api import DebianRepositorySource
from gitops_upgrader.api.conditions import ReadyReason
from gitops_upgrader.api.debian_repository_source import KeyReference
from gitops_upgrader.errors import InvalidObject, UpgraderError, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.references import config_map_data, required, secret_data
from gitops_upgrader.reconcilers.scope import Result, Scope, conclude, key_of
from gitops_upgrader.sources.debian import DebianQuery, Noticed, notice
from gitops_upgrader.sources.validators import Validators
from gitops_upgrader.versions import Version


def reconcile(scope: Scope, source: DebianRepositorySource) -> Result:
    """Look at the repositories and note their versions. Whatever goes wrong, the versions already known stay."""
    if source.spec.paused:
        return conclude(scope, source, source.status, reason=ReadyReason.PAUSED, message="This source is paused.")
    try:
        noticed = notice(_query(scope, source), fetch=scope.fetch, known=_known(source), now=scope.clock())
    except UpgraderError as problem:
        return conclude(scope, source, source.status, problem=problem)
    versions = tuple(version.with_v for version in noticed.versions)
    status = source.status
    if versions != status.versions:
        status = status.model_copy(update={"versions": versions, "last_change_time": scope.clock()})
    status = status.model_copy(update={"etag": str(noticed.validators)})
    return conclude(scope, source, status, message=_words(source, versions))


def _words(source: DebianRepositorySource, versions: tuple[str, ...]) -> str:
    if versions:
        return f"{len(versions)} versions, the newest is {versions[-1]}."
    return (
        f"There is no kubeadm package for the architecture {source.spec.architecture} yet. "
        "Unless one is to come, correct spec.architecture or spec.url."
    )


def _query(scope: Scope, source: DebianRepositorySource) -> DebianQuery:
    spec = source.spec
    return DebianQuery(
        urls=(spec.url, *spec.urls),
        architecture=spec.architecture,
        timeout=spec.timeout.total_seconds(),
        keyring=_keyring(scope, source),
    )


def _known(source: DebianRepositorySource) -> Noticed | None:
    status = source.status
    if not status.etag:
        return None
    return Noticed(tuple(Version.parse(text) for text in status.versions), Validators.parse(status.etag))


def _keyring(scope: Scope, source: DebianRepositorySource) -> bytes | None:
    """The keys that `signedBy` names; None where no signature is asked for."""
    signed_by = source.spec.signed_by
    if signed_by is None:
        return None
    if signed_by.key is not None:
        return signed_by.key.encode()
    if signed_by.secret_ref is not None:
        data = secret_data(scope, source, signed_by.secret_ref.name, "spec.signedBy.secretRef")
        return _chosen(source, data, signed_by.secret_ref, "spec.signedBy.secretRef")
    reference = signed_by.config_map_ref
    if reference is None:
        raise AssertionError("the schema lets exactly one of signedBy's fields be set")
    field = "spec.signedBy.configMapRef"
    key = ObjectKey("", "ConfigMap", key_of(source).namespace, reference.name)
    stored = required(scope, key, Where(object=str(key_of(source)), field=field))
    return _chosen(source, config_map_data(stored), reference, field)


def _chosen(source: DebianRepositorySource, data: Mapping[str, bytes], reference: KeyReference, field: str) -> bytes:
    where = Where(object=str(key_of(source)), field=field)
    if reference.key is not None:
        if reference.key not in data:
            raise InvalidObject(
                f"{reference.name} has no key {reference.key!r}; it has {', '.join(sorted(data)) or 'none'}.",
                where=where,
                remedy="Correct the key, or add it.",
            )
        return data[reference.key]
    if len(data) != 1:
        raise InvalidObject(
            f"{reference.name} has {len(data)} keys, so which one is meant is unclear.",
            where=where,
            remedy="Name one under `key`.",
        )
    return next(iter(data.values()))
