"""What the Kubernetes API's errors mean: from a status code and a Status object (metav1.Status) to an error of ours.

The codes and reasons are those of apimachinery's pkg/api/errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops_upgrader.errors import (
    InvalidObject,
    KubernetesAnswerUnreadable,
    KubernetesAuthenticationFailed,
    KubernetesExpired,
    KubernetesForbidden,
    KubernetesRefused,
    KubernetesTimeout,
    KubernetesUnavailable,
    NamespaceTerminating,
    ObjectConflict,
    ObjectExists,
    ObjectNotFound,
    UpgraderError,
    Where,
)
from gitops_upgrader.model import ObjectKey

_LONGEST = 1000
_NOBODY = "system:anonymous"
_UNKNOWN_FIELD = re.compile(r'strict decoding error: (unknown field "([^"]+)".*)')
_UNCHECKED = re.compile(r"some validation rules were not checked")
"""No mistake: CEL waits until the rest is mended."""
_USER = re.compile(r'User "([^"]+)" cannot ')


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of the API, in the words of RBAC.

    Attributes:
        verb: get, list, watch, create, patch, delete.
        group: the API group; empty for the core API.
        resource: the plural, with a subresource as `machineimages/status`; empty for the API's own description.
        namespace: the namespace; None for all of them, or for what has none.
        key: the object, where one is meant.
    """

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str | None = None
    key: ObjectKey | None = None

    def __str__(self) -> str:
        if not self.resource:
            return f"{self.verb} the description of the API {self.group or 'v1'}"
        what = f"{self.resource}.{self.group}" if self.group else self.resource
        place = f"in namespace {self.namespace}" if self.namespace else "in all namespaces"
        return f"{self.verb} {what} {place}"

    @property
    def where(self) -> Where:
        """The object."""
        return Where(object=str(self.key)) if self.key else Where()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success.

    Attributes:
        code: the HTTP status.
        status: the Status object; empty where the body is none (a proxy's page, say).
    """

    code: int
    status: Mapping[str, Any]

    @property
    def message(self) -> str:
        """The API server's own words, in one line, without the full stop."""
        line = " ".join(str(self.status.get("message") or f"HTTP {self.code}").split()).rstrip(".")
        return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rstrip()}..."

    @property
    def typed_reason(self) -> str:
        """The reason for programs, such as AlreadyExists."""
        return str(self.status.get("reason") or "")

    @property
    def details(self) -> Mapping[str, Any]:
        """What the refusal is about."""
        details = self.status.get("details")
        return details if isinstance(details, Mapping) else {}

    @property
    def causes(self) -> Sequence[Mapping[str, Any]]:
        """The single mistakes, each with a message and often a field."""
        causes = self.details.get("causes")
        return [cause for cause in causes if isinstance(cause, Mapping)] if isinstance(causes, list) else []

    @property
    def is_about(self) -> str:
        """The resource (its plural) that was not found; empty where the path itself is not served."""
        return str(self.details.get("kind") or "") if self.details.get("name") else ""


def error_of(refusal: Refusal, asked: Asked) -> UpgraderError:
    """The error that a refusal is."""
    match refusal.code:
        case 401:
            return _unknown_user("The Kubernetes API does not accept the credentials.", asked)
        case 403:
            return _forbidden(refusal, asked)
        case 404:
            return _not_found(refusal, asked)
        case 409:
            return _conflict(refusal, asked)
        case 410:
            return KubernetesExpired(
                f"To {asked}: {refusal.message}.", where=asked.where, remedy="It is read anew by itself."
            )
        case 400 | 422 if asked.verb in {"create", "patch"} and not _is_by_a_webhook(refusal):
            return _invalid(refusal, asked)
    return _other(refusal, asked)


def _unknown_user(message: str, asked: Asked) -> UpgraderError:
    remedy = "Log in again, or correct the user in the kubeconfig."
    return KubernetesAuthenticationFailed(message, where=asked.where, remedy=remedy)


def _other(refusal: Refusal, asked: Asked) -> UpgraderError:
    match refusal.code:
        case 408 | 504:
            return KubernetesTimeout(f"The Kubernetes API took too long to {asked}: {refusal.message}.")
        case 429:
            return KubernetesUnavailable(f"The Kubernetes API has too much to do: {refusal.message}.")
        case code if code >= 500:
            return KubernetesUnavailable(f"The Kubernetes API cannot {asked} now: {refusal.message}.")
        case code if code < 400:
            return KubernetesAnswerUnreadable(
                f"HTTP {code} is no answer of a Kubernetes API.", remedy="Check the server in the kubeconfig."
            )
    return _refused(refusal, asked)


def _forbidden(refusal: Refusal, asked: Asked) -> UpgraderError:
    """RBAC's refusals name the user; others come from admission: a quota, a policy, a namespace that goes away."""
    user = _USER.search(refusal.message)
    if user is None:
        if any(cause.get("reason") == "NamespaceTerminating" for cause in refusal.causes):
            return NamespaceTerminating(f"The namespace {asked.namespace} is being deleted.", where=asked.where)
        return _refused(refusal, asked)
    if user[1] == _NOBODY:
        return _unknown_user("The Kubernetes API got no credentials.", asked)
    rule = f'{{apiGroups: ["{asked.group}"], resources: ["{asked.resource}"], verbs: ["{asked.verb}"]}}'
    if not asked.resource:
        remedy = f"Bind the ClusterRole system:discovery to {user[1]}."
    elif asked.namespace:
        remedy = f"Bind {user[1]} to a Role in namespace {asked.namespace} with the rule {rule}."
    else:
        remedy = f"Bind {user[1]} to a ClusterRole with the rule {rule}, or name single namespaces with --namespace."
    return KubernetesForbidden(f"{user[1]} may not {asked}.", where=asked.where, remedy=remedy)


def _refused(refusal: Refusal, asked: Asked) -> UpgraderError:
    return KubernetesRefused(f"The Kubernetes API refuses to {asked}: {refusal.message}.", where=asked.where)


def _is_by_a_webhook(refusal: Refusal) -> bool:
    return "admission webhook" in refusal.message


def _not_found(refusal: Refusal, asked: Asked) -> UpgraderError:
    if refusal.is_about == "namespaces":
        name = refusal.details["name"]
        return ObjectNotFound(f"There is no namespace {name}.", where=asked.where, remedy="Create it first.")
    return ObjectNotFound("There is no such object.", where=asked.where)


def _conflict(refusal: Refusal, asked: Asked) -> UpgraderError:
    if refusal.typed_reason == "AlreadyExists":
        return ObjectExists("There is an object of that name already.", where=asked.where)
    return ObjectConflict("It was changed by somebody else in between.", where=asked.where)


def _invalid(refusal: Refusal, asked: Asked) -> UpgraderError:
    """The first mistake with its field, and how many there are besides (strict decoding names them in one text)."""
    causes = sorted(
        (cause for cause in refusal.causes if cause.get("message") and not _UNCHECKED.search(cause["message"])),
        key=lambda cause: str(cause.get("field")),  # the API server has them in any order
    )
    unknown = _UNKNOWN_FIELD.search(refusal.message)
    if unknown is not None:
        return InvalidObject(f"It has an {unknown[1]}.", where=Where(object=asked.where.object, field=unknown[2]))
    if not causes:
        return InvalidObject(f"The Kubernetes API refuses it: {refusal.message}.", where=asked.where)
    field = str(causes[0].get("field") or "")
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    message = " ".join(str(causes[0]["message"]).split()).rstrip(".")
    where = Where(object=asked.where.object, field=field if field not in {"", "<nil>"} else None)
    return InvalidObject(f"{message}{more}.", where=where)
