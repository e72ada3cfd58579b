"""What a management cluster needs: our kinds, as new as this program, and the right to read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gitops_upgrader import api
from gitops_upgrader.api.crds import definition
from gitops_upgrader.cli.doctor.finding import UNREACHABLE, Finding, Grade, of_error
from gitops_upgrader.errors import KubernetesForbidden, ObjectNotFound, UpgraderError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.refusals import Asked

_CRDS: Final = "apiextensions.k8s.io"
_AUTHORIZATION: Final = "authorization.k8s.io"
_INSTALL: Final = "Install the custom resource definitions: gitops-upgrader crds | kubectl apply --server-side -f -"

READ: Final = (
    *((api.GROUP, kind.LISTING.plural, verb) for kind in api.KINDS.values() for verb in ("get", "list")),
    ("", "secrets", "get"),
    ("", "configmaps", "get"),
)
"""Group, resource and verb of everything that a run over a cluster's objects reads."""


def look(connection: Connection, namespace: str | None) -> Iterator[Finding]:
    """Look at the kinds, and at what this account may do. Nothing is changed.

    Args:
        namespace: where objects are read; None for everywhere.
    """
    try:
        for kind in api.KINDS.values():
            yield _definition(connection, kind)
        denied = [_shown(right) for right in READ if not _may(connection, namespace, *right)]
    except UpgraderError as error:  # it would answer nothing else either
        yield of_error(UNREACHABLE, "", error)
        return
    where = f"in {namespace}" if namespace else "in all namespaces"
    if denied:
        remedy = "Bind a ClusterRole with these rights to the account, or name a --namespace that it may read."
        yield Finding("rbac", "", Grade.MEND, f"This account may not, {where}: {', '.join(denied)}.", remedy)
    else:
        yield Finding("rbac", "", Grade.OK, f"This account may read all that a run needs {where}.")


def missing(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The fields of a schema that another one does not have, as paths; below such a field nothing more is said."""
    for name, inner in ours.get("properties", {}).items():
        known = theirs.get("properties", {}).get(name)
        if known is None:
            if not theirs.get("x-kubernetes-preserve-unknown-fields"):
                yield f"{path}.{name}".removeprefix(".")
        else:
            yield from missing(inner, known, f"{path}.{name}")
    if "items" in ours and "items" in theirs:
        yield from missing(ours["items"], theirs["items"], f"{path}[]")


def judge_definition(kind: type[api.Resource], found: Mapping[str, Any]) -> Finding:
    """Whether a CustomResourceDefinition is as new as this program."""
    subject = kind.KIND
    served = {one["name"]: one for one in found.get("spec", {}).get("versions", ()) if one.get("served")}
    version = served.get(api.VERSION)
    if version is None:
        return Finding("crds", subject, Grade.MEND, f"Its CRD does not serve {api.VERSION}.", _INSTALL)
    own = definition(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    absent = sorted(missing(own, version.get("schema", {}).get("openAPIV3Schema", {})))
    if absent:
        some = ", ".join(absent[:3]) + (f" and {len(absent) - 3} more" if len(absent) > 3 else "")
        return Finding("crds", subject, Grade.MEND, f"Its CRD is older than this program, and lacks {some}.", _INSTALL)
    return Finding("crds", subject, Grade.OK, "Its CRD has every field that this program knows.")


def _definition(connection: Connection, kind: type[api.Resource]) -> Finding:
    name = f"{kind.LISTING.plural}.{api.GROUP}"
    key = ObjectKey(_CRDS, "CustomResourceDefinition", "", name)
    asked = Asked("get", _CRDS, "customresourcedefinitions", None, key)
    try:
        return judge_definition(
            kind, connection.request("GET", f"/apis/{_CRDS}/v1/customresourcedefinitions/{name}", asked)
        )
    except ObjectNotFound:
        return Finding("crds", kind.KIND, Grade.MEND, "The cluster has no CRD of it.", _INSTALL)
    except KubernetesForbidden:
        return Finding("crds", kind.KIND, Grade.NOTE, "This account may not look at CRDs, so its age is unknown.")


def _may(connection: Connection, namespace: str | None, group: str, resource: str, verb: str) -> bool:
    """Ask as kubectl auth can-i does (kubernetes.io/docs, "Authorization": SelfSubjectAccessReview)."""
    attributes = {"group": group, "resource": resource, "verb": verb, "namespace": namespace or ""}
    body = {
        "apiVersion": f"{_AUTHORIZATION}/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    asked = Asked("create", _AUTHORIZATION, "selfsubjectaccessreviews", None, None)
    answer = connection.request("POST", f"/apis/{_AUTHORIZATION}/v1/selfsubjectaccessreviews", asked, body=body)
    return bool(answer.get("status", {}).get("allowed"))


def _shown(right: tuple[str, str, str]) -> str:
    group, resource, verb = right
    return f"{verb} {resource}.{group}" if group else f"{verb} {resource}"
