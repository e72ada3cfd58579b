"""Reading from the API: discovery, pages, kinds that come and go, names that are none."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_upgrader import api
from gitops_upgrader.errors import KindNotInstalled, KubernetesForbidden, KubernetesUnavailable
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.discovery import Discovery
from gitops_upgrader.stores.reader import ApiReader
from tests.stores.conftest import Connect
from tests.stores.loopback import Answer, Loopback, Request, refusal

FLUX = "source.toolkit.fluxcd.io"
KEY = ObjectKey(FLUX, "GitRepository", "team", "fleet")


def group(*versions: str) -> dict[str, Any]:
    """A group's description; the first version is the preferred one, and the list has them the other way round."""
    return {
        "versions": [{"version": version} for version in reversed(versions)],
        "preferredVersion": {"version": versions[0]},
    }


def resources(**kinds: str) -> dict[str, Any]:
    listed = [{"name": plural, "kind": kind, "namespaced": True} for kind, plural in kinds.items()]
    return {"resources": [*listed, *({**entry, "name": f"{entry['name']}/status"} for entry in listed)]}


class Api:
    """Answers by path; what it does not know it does not serve."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def __call__(self, request: Request) -> Answer:
        found = self.answers.get(request.path)
        if found is None:
            return Answer(b"404 page not found\n", 404, {"Content-Type": "text/plain"})
        return found if isinstance(found, Answer) else Answer(found)


def reader(connection: Connection, *namespaces: str) -> ApiReader:
    return ApiReader(connection, Discovery(connection), namespaces)


def item(name: str, namespace: str = "team", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}}


BASE = f"/apis/{FLUX}"
SERVED = {f"{BASE}": group("v1", "v1beta2"), f"{BASE}/v1": resources(GitRepository="gitrepositories")}


def test_the_preferred_version_is_read_and_remembered(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = Api({**SERVED, f"{BASE}/v1/namespaces/team/gitrepositories/fleet": item("fleet")})
    source = reader(connect(loopback))
    for _ in range(2):
        found = source.get(KEY)
        assert found is not None
        assert found.content["metadata"]["name"] == "fleet"
    assert [request.path for request in loopback.requests] == [
        BASE,
        f"{BASE}/v1",
        f"{BASE}/v1/namespaces/team/gitrepositories/fleet",
        f"{BASE}/v1/namespaces/team/gitrepositories/fleet",
    ]


def test_a_kind_of_an_older_version_is_found(loopback: Loopback, connect: Connect) -> None:
    older = {f"{BASE}/v1": resources(Bucket="buckets"), f"{BASE}/v1beta2": resources(GitRepository="gitrepositories")}
    loopback.answer = Api({**SERVED, **older, f"{BASE}/v1beta2/gitrepositories": {"items": [item("fleet")]}})
    (found,) = reader(connect(loopback)).list(FLUX, "GitRepository")
    assert found.key == KEY
    assert found.content["apiVersion"] == f"{FLUX}/v1beta2"
    assert found.content["kind"] == "GitRepository"


def test_a_version_that_is_not_served_any_more_is_found_again(loopback: Loopback, connect: Connect) -> None:
    path = "namespaces/team/gitrepositories/fleet"
    served = Api({**SERVED, f"{BASE}/v1/{path}": item("fleet")})
    loopback.answer = served
    source = reader(connect(loopback))
    assert source.get(KEY) is not None
    served.answers = {
        BASE: group("v2"),
        f"{BASE}/v2": resources(GitRepository="gitrepositories"),
        f"{BASE}/v2/{path}": item("fleet"),
        f"{BASE}/v2/gitrepositories": {"items": [item("fleet")]},
    }
    assert source.get(KEY) is not None
    assert len(source.list(FLUX, "GitRepository")) == 1


def test_a_foreign_kind_that_is_removed_is_absent(loopback: Loopback, connect: Connect) -> None:
    served = Api({**SERVED, f"{BASE}/v1/gitrepositories": {"items": [item("fleet")]}})
    loopback.answer = served
    source = reader(connect(loopback))
    assert len(source.list(FLUX, "GitRepository")) == 1
    served.answers = {}
    assert source.list(FLUX, "GitRepository") == ()
    assert source.get(KEY) is None


def test_a_foreign_kind_that_comes_later_is_seen(loopback: Loopback, connect: Connect) -> None:
    served = Api({})
    loopback.answer = served
    source = reader(connect(loopback))
    assert source.get(KEY) is None
    served.answers = {**SERVED, f"{BASE}/v1/namespaces/team/gitrepositories/fleet": item("fleet")}
    assert source.get(KEY) is not None


def test_our_own_kind_has_to_be_there(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = Api({})
    with pytest.raises(KindNotInstalled, match=r"does not know the kind Plan .* gitops-upgrader install \| kubectl"):
        reader(connect(loopback)).list(api.GROUP, "Plan")


def test_a_kind_that_is_told_of_and_not_served_can_be_asked_for_again(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = Api(SERVED)
    source = reader(connect(loopback))
    with pytest.raises(KubernetesUnavailable, match="just being installed or removed"):
        source.list(FLUX, "GitRepository")
    with pytest.raises(KubernetesUnavailable, match="just being installed or removed"):
        source.get(KEY)


def test_absence_is_told_by_the_server(loopback: Loopback, connect: Connect) -> None:
    path = f"{BASE}/v1/namespaces/team/gitrepositories/fleet"
    gone = refusal(404, 'gitrepositories "fleet" not found', "NotFound", name="fleet", kind="gitrepositories")
    loopback.answer = Api({**SERVED, path: gone})
    assert reader(connect(loopback)).get(KEY) is None


@pytest.mark.parametrize("name", ["", ".", "..", "../../secrets/token", "a/b"])
def test_what_is_no_name_leads_nowhere(loopback: Loopback, connect: Connect, name: str) -> None:
    source = reader(connect(loopback))
    assert source.get(ObjectKey("", "Secret", "team", name)) is None
    assert source.get(ObjectKey("", "Secret", name, "a")) is None
    assert source.list("", "Secret", name) == ()
    assert all(request.path == "/api/v1" for request in loopback.requests)


def test_a_long_list_comes_in_pages(loopback: Loopback, connect: Connect) -> None:
    def paged(request: Request) -> Answer:
        if not request.path.endswith("gitrepositories"):
            return Api(SERVED)(request)
        if "continue=next" in request.query:
            return Answer({"items": [item("a")]})
        return Answer({"items": [item("b")], "metadata": {"continue": "next"}})

    loopback.answer = paged
    found = reader(connect(loopback)).list(FLUX, "GitRepository", labels={"b": "2", "a": "1"})
    assert [stored.key.name for stored in found] == ["a", "b"]
    assert [request.query for request in loopback.requests[2:]] == [
        "limit=500&labelSelector=a%3D1%2Cb%3D2",
        "limit=500&labelSelector=a%3D1%2Cb%3D2&continue=next",
    ]


def test_a_list_that_takes_too_long_is_taken_in_one_piece(loopback: Loopback, connect: Connect) -> None:
    def forgetful(request: Request) -> Answer:
        if not request.path.endswith("gitrepositories"):
            return Api(SERVED)(request)
        if "continue=" in request.query:
            return refusal(410, "The provided continue parameter is too old", "Expired")
        more = {"continue": "next"} if "limit=" in request.query else {}
        return Answer({"items": [item("a"), *([] if more else [item("b")])], "metadata": more})

    loopback.answer = forgetful
    found = reader(connect(loopback)).list(FLUX, "GitRepository")
    assert [stored.key.name for stored in found] == ["a", "b"]


def test_some_namespaces_are_listed_one_by_one(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = Api(
        {**SERVED}
        | {f"{BASE}/v1/namespaces/{name}/gitrepositories": {"items": [item("x", name)]} for name in ("a", "b", "c")}
    )
    source = reader(connect(loopback), "b", "a", "b")
    assert [stored.key.namespace for stored in source.list(FLUX, "GitRepository")] == ["a", "b"]
    assert [stored.key.namespace for stored in source.list(FLUX, "GitRepository", "c")] == ["c"]


def test_a_label_that_no_object_can_have_is_not_asked_for(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = Api(SERVED)
    assert reader(connect(loopback)).list(FLUX, "GitRepository", labels={"a": "b,c=d"}) == ()
    assert len(loopback.requests) == 2


def test_a_description_that_is_denied(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = lambda _: refusal(403, 'forbidden: User "eve" cannot get path "/apis/x"')
    with pytest.raises(KubernetesForbidden, match="Bind the ClusterRole system:discovery to eve"):
        reader(connect(loopback)).get(KEY)


def test_a_denied_list_is_no_empty_list(loopback: Loopback, connect: Connect) -> None:
    denied = refusal(403, 'forbidden: User "eve" cannot list resource "gitrepositories"')
    loopback.answer = Api({**SERVED, f"{BASE}/v1/gitrepositories": denied})
    with pytest.raises(KubernetesForbidden, match="eve may not list gitrepositories"):
        reader(connect(loopback)).list(FLUX, "GitRepository")
