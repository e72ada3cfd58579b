"""What the fields of a class mean: the strings below them in its source, which CRDs and `kubectl explain` show.

pydantic reads them too, but at every import, and that takes longer than everything else in this package together.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise


def of_fields(cls: type, top: type) -> dict[str, str]:
    """The strings below the annotated names of a class and of its bases, down to `top`; the nearest one counts."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, top):
            found |= _own(base)
    return found


def _own(cls: type) -> dict[str, str]:
    source = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    found = {}
    for statement, following in pairwise(getattr(source, "body", ())):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
    return found
