"""A plan as a Mermaid flowchart: each cluster, where it is, and where it goes next."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_upgrader.cli.proposals import action, reason
from gitops_upgrader.reconcilers.propose import Proposed

_CLASSES = (
    "classDef moves stroke:#2da44e",
    "classDef waits stroke:#bf8700",
    "classDef failed stroke:#cf222e",
)


def diagram(proposals: Sequence[Proposed]) -> str:
    """The flowchart. Nodes are numbered, so that no name can become syntax."""
    lines = ["flowchart LR"]
    for number, proposed in enumerate(proposals, 1):
        here = f"{_quoted(proposed.cluster, _version(proposed.origin))}"
        if proposed.target is not None and proposed.origin is not None and proposed.target != proposed.origin:
            there = _quoted(str(proposed.target.version), proposed.target.image or "")
            edge = "-->" if proposed.proposes else "-.->"
            lines.append(f"  c{number}[{here}] {edge}|{_escaped(reason(proposed))}| t{number}[{there}]")
        else:
            lines.append(f"  c{number}[{_quoted(proposed.cluster, _version(proposed.origin), reason(proposed))}]")
        lines.append(f"  class c{number} {_class(proposed)}")
    return "\n".join([*lines, *(f"  {text}" for text in _CLASSES)])


def _version(target: object) -> str:
    return str(getattr(target, "version", ""))


def _class(proposed: Proposed) -> str:
    if action(proposed) == "error":
        return "failed"
    return "moves" if proposed.proposes else "waits"


def _quoted(*parts: str) -> str:
    return '"' + "<br/>".join(_escaped(part) for part in parts if part) + '"'


def _escaped(text: str) -> str:
    """Mermaid's entity codes for whatever could be syntax (https://mermaid.js.org/syntax/flowchart.html)."""
    return "".join(char if char.isalnum() or char in " .-/_:+" else f"#{ord(char)};" for char in text)
