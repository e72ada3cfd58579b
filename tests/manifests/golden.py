"""Golden cases: `tests/golden/<case>/{case.yaml,before,after}`, the repository before and after an edit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitops_upgrader.manifests import (
    DocumentWant,
    Manifests,
    Origin,
    Query,
    Scope,
    ScopeKind,
    TargetWant,
    Values,
    VariableWant,
)
from tests.manifests.memory import MemoryTree, folder

ROOT = Path(__file__).parent.parent / "golden"


@dataclass(frozen=True)
class Case:
    """One case as its `case.yaml` has it. `refused` holds the reason, the place and parts of the message."""

    name: str
    section: str
    summary: str
    query: Query
    values: Values
    refused: dict[str, Any] | None
    shown: bool
    origin: Origin

    @property
    def before(self) -> MemoryTree:
        return folder(ROOT / self.name / "before")

    @property
    def after(self) -> dict[str, bytes]:
        return {**self.before.files, **folder(ROOT / self.name / "after").files}

    def manifests(self, tree: MemoryTree | None = None) -> Manifests:
        """The manifests before the edit, or some others of the same repository."""
        return Manifests(tree or self.before, origin=self.origin)

    def edited(self) -> dict[str, bytes]:
        """All files after the edit."""
        manifests = self.manifests()
        return {**self.before.files, **manifests.edit(manifests.locate(self.query), self.values).files}


def cases() -> list[Case]:
    """Every case, sorted by name."""
    return [_case(path) for path in sorted(ROOT.glob("*/case.yaml"))]


def _case(path: Path) -> Case:
    raw = yaml.safe_load(path.read_text())
    values = raw.get("values", {})
    return Case(
        name=path.parent.name,
        section=raw["section"],
        summary=raw["summary"],
        query=query(raw["query"]),
        values=Values(
            version=values.get("version"),
            image=values.get("image"),
            topology_class=values.get("class"),
            variables=tuple(values.get("variables", ())),
            targets=tuple(values.get("targets", ())),
        ),
        refused=raw.get("refused"),
        shown=raw.get("shown", True),
        origin=Origin(**raw.get("origin", {})),
    )


def query(raw: dict[str, Any]) -> Query:
    """A query as a case has it."""
    return Query(
        name=raw["name"],
        namespace=raw.get("namespace"),
        owner=raw.get("owner"),
        variables=tuple(_variable(item) for item in raw.get("variables", ())),
        topology_class=raw.get("class", False),
        targets=tuple(_target(item) for item in raw.get("targets", ())),
        paths=tuple(raw.get("paths", ())),
    )


def _variable(raw: dict[str, Any]) -> VariableWant:
    scope = raw.get("scope")
    return VariableWant(
        name=raw["name"],
        path=raw.get("path", ""),
        scope=Scope(ScopeKind(scope["kind"]), scope.get("name", "")) if scope else None,
    )


def _target(raw: dict[str, Any]) -> TargetWant:
    document = raw.get("document", {})
    return TargetWant(
        path=raw["path"],
        pointer=raw["pointer"],
        template=raw.get("template", "$(KUBERNETES_VERSION)"),
        document=DocumentWant(
            api_version=document.get("apiVersion", ""),
            kind=document.get("kind", ""),
            name=document.get("name", ""),
            namespace=document.get("namespace", ""),
        ),
    )
