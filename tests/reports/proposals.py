"""Proposals as `propose -o json` prints them, for tests."""

from __future__ import annotations

from typing import Any

DIFF = "--- a/prod.yaml\n+++ b/prod.yaml\n@@ -1 +1 @@\n-version: v1.33.5\n+version: v1.34.2\n"


def proposal(cluster: str = "fleet/prod", action: str = "create", **other: Any) -> dict[str, Any]:
    """One proposal; `other` replaces its fields."""
    return {
        "upgrader": cluster,
        "cluster": cluster,
        "repository": "https://example.org/fleet.git",
        "action": action,
        "reason": "Proposed",
        "message": "Hop v1.33.5 -> v1.34.2: newest image within one minor.",
        "from": {"version": "v1.33.5", "image": None},
        "to": {"version": "v1.34.2", "image": None},
        "edits": [{"file": "prod.yaml", "line": 1, "old": "v1.33.5", "new": "v1.34.2"}],
        "diff": DIFF,
        "branch": f"gitops-upgrader/{cluster}",
        "commit": "0" * 40,
        "pullRequest": pull(1) if action != "hold" else None,
    } | other


def pull(number: int, state: str = "open") -> dict[str, Any]:
    """One pull request."""
    return {
        "number": number,
        "url": f"https://example.org/fleet/pulls/{number}",
        "title": f"Upgrade {number}",
        "state": state,
    }


def document(*proposals: dict[str, Any], errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """The whole document."""
    return {"apiVersion": "gitops-upgrader/v1", "proposals": list(proposals), "errors": errors or []}
