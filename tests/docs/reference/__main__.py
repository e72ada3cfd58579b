"""Write docs/reference anew."""

from __future__ import annotations

from tests.docs.blocks import ROOT
from tests.docs.reference import PAGES

if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / "docs" / "reference" / name).write_text(page(), encoding="utf-8")
