"""The strings that stand below the members of an enumeration, which Python itself forgets."""

from __future__ import annotations

import ast
import enum
import inspect
import textwrap
from itertools import pairwise


def of_members(kind: type[enum.Enum]) -> dict[str, str]:
    """The string below each member, by the member's value; members without one are left out."""
    source = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    found = {}
    for statement, following in pairwise(getattr(source, "body", ())):
        match statement, following:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                found[str(kind[name].value)] = inspect.cleandoc(text)
    return found
