"""What the API's errors mean, one row each."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import (
    InvalidObject,
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
)
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.refusals import Asked, Refusal, error_of

KEY = ObjectKey(api.GROUP, "Plan", "team", "stable")
GET = Asked("get", api.GROUP, "plans", "team", KEY)
CREATE = Asked("create", api.GROUP, "plans", "team", KEY)
LIST = Asked("list", api.GROUP, "plans")
DENIED = 'plans is forbidden: User "eve" cannot {} resource "plans" in API group "x"'
INVALID = {
    "causes": [
        {"reason": "FieldValueInvalid", "message": "Invalid value: 1: too small", "field": "spec.a"},
        {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.b"},
        {"message": "Invalid value: null: some validation rules were not checked because ...", "field": "<nil>"},
    ]
}

TABLE: list[tuple[int, dict[str, Any], Asked, type[UpgraderError], str]] = [
    (401, {"message": "Unauthorized"}, GET, KubernetesAuthenticationFailed, "does not accept the credentials"),
    (
        403,
        {"message": 'forbidden: User "system:anonymous" cannot get path "/apis"'},
        GET,
        KubernetesAuthenticationFailed,
        "got no credentials",
    ),
    (
        403,
        {"message": DENIED.format("get")},
        GET,
        KubernetesForbidden,
        "eve may not get plans.",
    ),
    (403, {"message": DENIED.format("get")}, GET, KubernetesForbidden, "Bind eve to a Role in namespace team with"),
    (
        403,
        {"message": DENIED.format("list")},
        LIST,
        KubernetesForbidden,
        "all namespaces. Bind eve to a ClusterRole",
    ),
    (403, {"message": DENIED.format("list")}, LIST, KubernetesForbidden, "with --namespace."),
    (
        403,
        {"message": 'User "eve" cannot get path "/apis/x"'},
        Asked("get", "x"),
        KubernetesForbidden,
        "eve may not get the description of the API x. Bind the ClusterRole system:discovery to eve.",
    ),
    (403, {"message": "exceeded quota: small"}, CREATE, KubernetesRefused, "exceeded quota: small."),
    (
        403,
        {"message": "going away", "details": {"causes": [{"reason": "NamespaceTerminating"}]}},
        CREATE,
        NamespaceTerminating,
        "The namespace team is being deleted.",
    ),
    (404, {"details": {"kind": "namespaces", "name": "team"}}, CREATE, ObjectNotFound, "There is no namespace team."),
    (404, {"details": {"kind": "plans", "name": "stable"}}, GET, ObjectNotFound, "There is no such object."),
    (409, {"reason": "AlreadyExists"}, CREATE, ObjectExists, "There is an object of that name already."),
    (409, {"reason": "Conflict"}, GET, ObjectConflict, "changed by somebody else"),
    (410, {"message": "The provided continue parameter is too old"}, LIST, KubernetesExpired, "too old"),
    (422, {"details": INVALID}, CREATE, InvalidObject, "spec.a: Invalid value: 1: too small (and 1 more)."),
    (422, {"message": "it is wrong"}, CREATE, InvalidObject, "The Kubernetes API refuses it: it is wrong."),
    (
        400,
        {"message": 'strict decoding error: unknown field "spec.x", unknown field "spec.y"'},
        CREATE,
        InvalidObject,
        'spec.x: It has an unknown field "spec.x", unknown field "spec.y".',
    ),
    (
        400,
        {"message": 'admission webhook "a.example.com" denied the request: no'},
        CREATE,
        KubernetesRefused,
        'admission webhook "a.example.com" denied the request: no.',
    ),
    (400, {"message": "unable to parse selector"}, LIST, KubernetesRefused, "refuses to list"),
    (405, {"message": "not allowed"}, CREATE, KubernetesRefused, "not allowed."),
    (413, {"message": "too large"}, CREATE, KubernetesRefused, "too large."),
    (408, {"message": "Timeout"}, GET, KubernetesTimeout, "took too long"),
    (504, {"message": "Timeout: request did not complete"}, GET, KubernetesTimeout, "took too long"),
    (429, {"message": "too many"}, GET, KubernetesUnavailable, "has too much to do: too many."),
    (500, {"message": "etcd: no leader"}, GET, KubernetesUnavailable, "now: etcd: no leader."),
    (503, {}, GET, KubernetesUnavailable, "now: HTTP 503."),
]


@pytest.mark.parametrize(("code", "status", "asked", "kind", "words"), TABLE)
def test_a_refusal(code: int, status: dict[str, Any], asked: Asked, kind: type[UpgraderError], words: str) -> None:
    error = error_of(Refusal(code, status), asked)
    assert type(error) is kind
    assert words in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("code", "transient"),
    [(401, False), (403, False), (409, True), (410, True), (422, False), (429, True), (503, True)],
)
def test_what_can_be_tried_again(code: int, transient: bool) -> None:
    assert error_of(Refusal(code, {}), GET).transient is transient


def test_the_object_is_named() -> None:
    assert str(error_of(Refusal(409, {}), GET)).startswith("Plan team/stable: ")


def test_words_of_the_server_are_cut_to_one_line() -> None:
    message = str(error_of(Refusal(500, {"message": "a\nb " + "c" * 5000}), GET))
    assert "a b ccc" in message
    assert len(message) < 1200


def test_a_status_that_is_none_is_no_trouble() -> None:
    assert error_of(Refusal(422, {"message": 7, "details": [], "reason": None}), CREATE).reason == "InvalidObject"
    assert error_of(Refusal(422, {"details": {"causes": "x"}}), CREATE).reason == "InvalidObject"
