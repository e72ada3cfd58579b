"""The colours of results: of the 256 that terminals share, those that can be read on black and on white alike.

The first sixteen mean to each terminal what its theme says, and yellow or cyan on white is what nobody can read. Those
from 16 on are the same everywhere; where a terminal has only sixteen, the nearest of them is taken.
"""

from __future__ import annotations

from typing import Final

GOOD: Final = "color(28)"
"""Green: done, added, well."""
WAITING: Final = "color(130)"
"""Amber: waits, or should be known."""
BAD: Final = "color(160)"
"""Red: failed, removed, to be mended."""
NEWS: Final = "color(31)"
"""Blue: under way, and what people type."""
