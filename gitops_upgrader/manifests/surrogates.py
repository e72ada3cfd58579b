"""JSON's escapes for characters beyond U+FFFF, which YAML does not have: two, each for half of a character.

RFC 8259, 7. kubectl and the API server read a text that begins as JSON does as JSON, and such a text may have them.
"""

from __future__ import annotations

import json
import re
from typing import Final

PROBLEM: Final = "found invalid Unicode character escape code"
"""What libyaml says of them."""

_ESCAPE: Final = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|.)", re.DOTALL)
_PAIR: Final = 12


def replaced(text: str) -> str | None:
    """A JSON text of the same length with U+FFFD in the place of each half; None where there is none, or no JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = _ESCAPE.sub(lambda match: r"\ufffd\ufffd" if len(match[0]) == _PAIR else match[0], text)
    return found if found != text else None
