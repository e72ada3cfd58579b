"""The reference pages of docs/, written from the code: `python -m tests.docs.reference` (or `make reference`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tests.docs.reference import commands, conditions, errors, metrics, resources, rights

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "cli.md": commands.page,
    "conditions.md": conditions.page,
    "custom-resources.md": resources.page,
    "errors.md": errors.page,
    "metrics.md": metrics.page,
    "rights.md": rights.page,
}
"""What writes each page of docs/reference."""
