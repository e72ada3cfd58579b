"""What later steps of a workflow can read: the action's outputs."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

LIMIT: Final = 500_000
"""Characters of the output `proposals`. All outputs of a job may have 1 MB together, two bytes a character."""

_CHANGES: Final = frozenset({"create", "update", "close"})


def outputs(proposals: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The outputs by their names, from the proposals of the JSON that `propose -o json` prints.

    `pull-request-url` and `pull-request-number` are those of the first pull request that was opened or changed, else of
    the first that is open; empty where there is none.
    """
    pull = _pull(proposals)
    return {
        "changed": "true" if any(proposal["action"] in _CHANGES for proposal in proposals) else "false",
        "pull-request-url": str(pull["url"]) if pull else "",
        "pull-request-number": str(pull["number"]) if pull else "",
        "proposals": _proposals(proposals),
    }


def encoded(values: Mapping[str, str], token: Callable[[], str] = lambda: secrets.token_hex(16)) -> str:
    """The values as the file `GITHUB_OUTPUT` takes them.

    Args:
        values: outputs by name.
        token: makes the delimiters; nobody can guess one, so no value can end early and set another output.
    """
    parts = []
    for name, value in values.items():
        delimiter = f"end-{token()}"
        while delimiter in value:
            delimiter = f"end-{token()}"
        parts.append(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")
    return "".join(parts)


def _pull(proposals: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The pull request that the single outputs are about."""
    known = [proposal for proposal in proposals if proposal["pullRequest"] is not None]
    changed = [proposal for proposal in known if proposal["action"] in _CHANGES - {"close"}]
    still_open = [proposal for proposal in known if proposal["pullRequest"]["state"] == "open"]
    chosen = changed or still_open
    pull: Mapping[str, Any] | None = chosen[0]["pullRequest"] if chosen else None
    return pull


def _proposals(proposals: Sequence[Mapping[str, Any]]) -> str:
    """The proposals as JSON without their diffs; of a fleet too large for an output, what changed or went wrong."""
    slim = [{name: value for name, value in proposal.items() if name != "diff"} for proposal in proposals]
    for chosen in (slim, [one for one in slim if one["action"] in _CHANGES | {"error"}]):
        text = json.dumps(chosen, ensure_ascii=False, separators=(",", ":"))
        if len(text) <= LIMIT:
            return text
    texts = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in chosen]
    lengths = accumulate(len(text) + 1 for text in texts)
    return f"[{','.join(text for text, length in zip(texts, lengths, strict=True) if length < LIMIT)}]"
