"""The site is built without a warning: no broken link, no page that nothing leads to, nothing from elsewhere.

Python-Markdown is stricter than forges are: what belongs to a step of a list is indented by four, and a list needs an
empty line before it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT
from tests.need import need


@pytest.mark.servers
def test_the_site_is_built_without_warnings(tmp_path: Path) -> None:
    mkdocs = need(Path(sys.executable).with_name("mkdocs"))

    done = subprocess.run(
        [mkdocs, "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    for page in tmp_path.glob("site/**/*.html"):
        html = page.read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="(https?://[^"]+)"', html) == [], page.name
        paragraphs = re.findall(r"<p>(.*?)</p>", html, re.DOTALL)
        mistaken = [text for text in paragraphs if re.search(r"^(?:[-*|] ?|\d+\. |```|#+ )", text, re.MULTILINE)]
        assert mistaken == [], f"{page.name}: a list, a table or a heading was taken for a paragraph"


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if not re.search(rf": {re.escape(page)}$", menu, re.MULTILINE)] == []
