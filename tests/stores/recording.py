"""A connection that remembers what was asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gitops_upgrader.stores.connection import Connection
from gitops_upgrader.stores.kubeconfig import open_client
from gitops_upgrader.stores.refusals import Asked


class Recording(Connection):
    """A connection that remembers what was asked."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__(open_client(kubeconfig))
        self.asked: list[str] = []

    def ask(self, method: str, path: str, asked: Asked, **rest: Any) -> Any:
        self.asked.append(f"{method} {asked}")
        return super().ask(method, path, asked, **rest)

    @property
    def writes(self) -> list[str]:
        return [asked for asked in self.asked if not asked.startswith("GET")]
