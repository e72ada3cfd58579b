"""What GitHub tells of pull requests in GraphQL alone, for many of them in one question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gitops_upgrader.errors import ForgeTooOld
from gitops_upgrader.forges.answers import readable
from gitops_upgrader.forges.github_client import Wire

_AT_ONCE = 50
"""GitHub takes up to 100 ids; the reviews of fifty keep a query's cost at one point.

https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

_QUERY = """query Details($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on PullRequest {
      id
      %s
      mergedBy { login }
      latestOpinionatedReviews(first: 50) { nodes { state } }
      timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) { nodes { ... on ClosedEvent { actor { login } } } }
    }
  }
}"""


@dataclass(frozen=True, slots=True)
class Details:
    """What the list of pull requests leaves out."""

    approved: bool = False
    queued: bool = False
    merged_by: str | None = None
    closed_by: str | None = None


class DetailsReader:
    """Asks for details. Enterprise servers without merge queues are asked without them from the second time on."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._knows_queues = True

    def read(self, ids: Iterable[str]) -> dict[str, Details]:
        """Return the details of pull requests by their node ids. Raises ForgeError."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Details] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            nodes = self._nodes(wanted[start : start + _AT_ONCE])
            with readable("GitHub"):
                found |= {node["id"]: _details(node) for node in nodes}
        return found

    def _nodes(self, ids: list[str]) -> list[dict[str, Any]]:
        if self._knows_queues:
            try:
                return self._ask("isInMergeQueue", ids)
            except ForgeTooOld:
                self._knows_queues = False
        return self._ask("", ids)

    def _ask(self, field: str, ids: list[str]) -> list[dict[str, Any]]:
        _, answer = self._wire.graphql_query(_QUERY % field, {"ids": ids})
        with readable("GitHub"):
            return list(answer["data"]["nodes"])


def _details(node: dict[str, Any]) -> Details:
    """Approved is what somebody approved and nobody wants changed, by each one's latest opinion."""
    reviews = node["latestOpinionatedReviews"]
    opinions = {review["state"] for review in (reviews or {}).get("nodes") or ()}
    closings = node["timelineItems"]["nodes"]
    actor = (closings[-1] or {}).get("actor") if closings else None
    return Details(
        approved="APPROVED" in opinions and "CHANGES_REQUESTED" not in opinions,
        queued=bool(node.get("isInMergeQueue")),
        merged_by=(node.get("mergedBy") or {}).get("login"),
        closed_by=(actor or {}).get("login"),
    )
