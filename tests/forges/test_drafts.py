from __future__ import annotations

import pytest

from gitops_upgrader.forges.drafts import GITEA, GITLAB, DraftTitles


@pytest.mark.parametrize(
    ("titles", "title", "plain"),
    [
        (GITLAB, "Draft: Upgrade", "Upgrade"),
        (GITLAB, "[Draft] Upgrade", "Upgrade"),
        (GITLAB, "(draft) Draft: Upgrade", "Upgrade"),
        (GITLAB, "Drafts: Upgrade", "Drafts: Upgrade"),
        (GITLAB, "Upgrade Draft: x", "Upgrade Draft: x"),
        (GITEA, "WIP: Upgrade", "Upgrade"),
        (GITEA, "[wip] Upgrade", "Upgrade"),
        (GITEA, "Draft: Upgrade", "Draft: Upgrade"),
    ],
)
def test_a_title_without_its_mark(titles: DraftTitles, title: str, plain: str) -> None:
    assert titles.without(title) == plain
    assert titles.without(plain) == plain


@pytest.mark.parametrize("titles", [GITLAB, GITEA])
def test_a_mark_is_written_once(titles: DraftTitles) -> None:
    marked = titles.write("Upgrade", draft=True)
    assert titles.write(marked, draft=True) == marked == f"{titles.prefix}Upgrade"
    assert titles.write(marked, draft=False) == titles.write("Upgrade", draft=False) == "Upgrade"
