"""The page of errors."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_upgrader import errors
from gitops_upgrader.errors import UpgraderError
from tests.docs.reference.markdown import HEADER, code, prose, table

_INTRODUCTION = f"""{HEADER}
# Errors

The name of an error stands in conditions, in events, in metrics and in JSON. Its message says what happened, where, and
what to do about it.

Errors with *yes* under "passes by itself" are tried again with growing pauses. The others stay until somebody mends
what they name.
"""


def page() -> str:
    """Every error by family, with its meaning and whether waiting helps."""
    families = [kind for kind in _defined() if UpgraderError in kind.__bases__]
    single = [family for family in families if len(list(_family(family))) == 1]
    parts = [_INTRODUCTION, "## General\n", _table(iter(single))]
    for family in families:
        if family not in single:
            parts += [f"## {family.__name__}\n", f"{prose(family.__doc__)}\n", _table(_family(family))]
    return "\n".join(parts)


def _defined() -> Iterator[type[UpgraderError]]:
    """The errors in the order in which they are written down."""
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, UpgraderError) and value is not UpgraderError:
            yield value


def _family(family: type[UpgraderError]) -> Iterator[type[UpgraderError]]:
    return (kind for kind in _defined() if issubclass(kind, family))


def _table(kinds: Iterator[type[UpgraderError]]) -> str:
    rows = [(code(kind.__name__), prose(kind.__doc__), "yes" if kind.transient else "no") for kind in kinds]
    return table(("error", "meaning", "passes by itself"), rows)
