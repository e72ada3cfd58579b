"""What servers say they were asked: the API server's audit log, and Gitea's access log."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, users: ["system:serviceaccount:NAMESPACE:NAME"]}
  - {level: None}
"""
"""What the API server writes down: everything that one ServiceAccount asks, and nothing else."""

READS = frozenset({"get", "list", "watch"})
_REQUEST = re.compile(r'"(?P<method>[A-Z]+) (?P<path>\S+) \S+" \d+ -?\d+ "[^"]*" "(?P<agent>[^"]*)"')


@dataclass(slots=True)
class Log:
    """A log that grows, from where it was read last."""

    path: Path
    read: int = 0

    def skip(self) -> None:
        """Let everything be that is there by now."""
        self.read = self.path.stat().st_size if self.path.exists() else 0

    def lines(self) -> Iterator[str]:
        """The lines since the last look; one that is being written is left for the next."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self.read)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self.read += len(whole)
        yield from whole.decode("utf-8", "replace").splitlines()


def of_kubernetes(log: Log) -> Counter[tuple[str, str]]:
    """How often each verb was used on each resource since the last look."""
    found: Counter[tuple[str, str]] = Counter()
    for line in log.lines():
        event: dict[str, Any] = json.loads(line)
        # A watch is told of when it begins, and again when it ends.
        if event["stage"] == ("ResponseStarted" if event["verb"] == "watch" else "ResponseComplete"):
            reference = event.get("objectRef") or {}
            resource = "/".join(filter(None, (reference.get("resource"), reference.get("subresource"))))
            found[event["verb"], resource] += 1
    return found


def of_gitea(log: Log, *, whole_looks: bool = False) -> Counter[str]:
    """How often the controller and its Git asked since the last look: `look-up`, `push`, or a call.

    A look at a repository begins with a look-up of its references. With `whole_looks` what comes before the first one
    is left out: it belongs to a look that had begun before.
    """
    found: Counter[str] = Counter()
    for line in log.lines():
        match = _REQUEST.search(line)
        if match is None or not match["agent"].startswith(("git/", "gitops-upgrader/")):
            continue
        path = match["path"].partition("?")[0]
        if whole_looks and not found["look-up"] and not path.endswith("/info/refs"):
            continue
        if "/api/v1/" in path:
            found[f"{match['method']} {re.sub(r'[0-9a-f]{40}|[0-9]+', 'N', path.rpartition('/repos/')[2])}"] += 1
        elif path.endswith("/info/refs"):
            found["push" if "git-receive-pack" in match["path"] else "look-up"] += 1
    return found
