"""What refusals mean: limits with the time to wait, and the forge's own words."""

from __future__ import annotations

import email.utils

import pytest

from gitops_upgrader import errors
from tests.forges.loopback import Reply
from tests.forges.session import Replies, session
from tests.forges.worlds import Time


class TestLimits:
    @pytest.mark.parametrize(
        ("status", "headers", "message", "pause"),
        [
            (429, {"Retry-After": "30"}, "Slow down", 30.5),
            (429, {}, "Slow down", None),
            (403, {"Retry-After": "12"}, "Forbidden", 12.5),
            (403, {}, "You have exceeded a secondary rate limit.", None),
            (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000020"}, "API rate limit exceeded", 20.5),
            (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "1800000020"}, "Retry later", 20.5),
            (429, {"Retry-After": email.utils.formatdate(1_800_000_040, usegmt=True)}, "Retry later", 40.5),
            (429, {"Retry-After": "soon"}, "Retry later", None),
            (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, "Retry later", None),
        ],
    )
    def test_each_way_of_saying_so(
        self, replies: Replies, status: int, headers: dict[str, str], message: str, pause: float | None
    ) -> None:
        server, routes = replies
        answers = iter((Reply(status, {"message": message}, headers), Reply(200, {"a": 1})))
        routes["/x"] = lambda request: next(answers)
        time = Time()
        client = session(server.url, time.settings())
        if pause is None:
            with pytest.raises(errors.ForgeRateLimited) as caught:
                client.get(f"{server.url}/x")
            assert caught.value.retry_after == 60
        else:
            assert client.get(f"{server.url}/x").json() == {"a": 1}
            assert time.slept == [pause]

    def test_a_moment_that_has_passed(self, replies: Replies) -> None:
        server, routes = replies
        past = {"Retry-After": email.utils.formatdate(1_700_000_000, usegmt=True)}
        answers = iter((Reply(429, {}, past), Reply(200, {})))
        routes["/x"] = lambda request: next(answers)
        time = Time()
        session(server.url, time.settings()).get(f"{server.url}/x")
        assert time.slept == [0.5]

    def test_what_is_used_up_is_not_asked_for(self, replies: Replies) -> None:
        server, routes = replies
        used_up = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800003600"}
        routes["/x"] = lambda request: Reply(200, {}, used_up)
        routes["/graphql"] = lambda request: Reply(200, {})
        time = Time()
        client = session(server.url, time.settings())
        client.get(f"{server.url}/x")
        with pytest.raises(errors.ForgeRateLimited) as caught:
            client.get(f"{server.url}/x")
        assert caught.value.retry_after == 3600
        client.post(f"{server.url}/graphql", json={})
        assert [one.request.path for one in server.exchanges] == ["/x", "/graphql"]
        time.now += 3600
        client.get(f"{server.url}/x")

    def test_an_unchanged_answer_brings_no_old_limit_back(self, replies: Replies) -> None:
        server, routes = replies
        routes["/x"] = lambda request: Reply(200, {}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000001"})
        time = Time()
        client = session(server.url, time.settings())
        client.get(f"{server.url}/x")
        time.now += 2
        client.get(f"{server.url}/x")
        client.get(f"{server.url}/x")
        assert [one.reply.status for one in server.exchanges] == [200, 304, 304]


class TestWords:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (
                {"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]},
                "Validation Failed; head invalid",
            ),
            (
                {"message": "Validation Failed", "errors": [{"code": "custom", "message": "No commits between"}]},
                "Validation Failed; No commits between",
            ),
            ({"message": ["Another open merge request already exists"]}, "Another open merge request already exists"),
            ({"message": {"title": ["is too long", "is odd"]}}, "title is too long; title is odd"),
            (
                {"error": "insufficient_scope", "error_description": "It requires more."},
                "It requires more; insufficient_scope",
            ),
            ({"message": "", "url": "http://x/api/swagger"}, ""),
            ("a bare text", "a bare text"),
            (b"plain words", "plain words"),
            (b"", ""),
            ({"message": "x" * 1000}, "x" * 400 + "..."),
        ],
    )
    def test_the_forge_is_quoted(self, replies: Replies, body: object, said: str) -> None:
        server, routes = replies
        routes["/x"] = lambda request: Reply(400, body)
        with pytest.raises(errors.ForgeRefused) as caught:
            session(server.url).get(f"{server.url}/x")
        assert caught.value.message == f"Forge answered GET /x with 400{': ' + said if said else ''}."

    def test_a_page_is_not_quoted(self, replies: Replies) -> None:
        server, routes = replies
        routes["/x"] = lambda request: Reply(418, b"<html>Teapot</html>", {"Content-Type": "text/html"})
        with pytest.raises(errors.ForgeRefused, match=r"with 418\.$"):
            session(server.url).get(f"{server.url}/x")

    @pytest.mark.parametrize(
        ("header", "remedy"),
        [
            ({"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso"}, "https://github.com/orgs/acme/sso"),
            ({"X-Accepted-GitHub-Permissions": "pull_requests=write"}, "pull_requests=write"),
            ({}, "docs/forges.md"),
        ],
    )
    def test_what_would_be_enough_is_told(self, replies: Replies, header: dict[str, str], remedy: str) -> None:
        server, routes = replies
        routes["/x"] = lambda request: Reply(403, {"message": "Forbidden"}, header)
        with pytest.raises(errors.ForgeForbidden) as caught:
            session(server.url).get(f"{server.url}/x")
        assert remedy in caught.value.remedy
