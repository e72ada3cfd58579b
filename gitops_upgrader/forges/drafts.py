"""Drafts on forges that know one by its title alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 255
"""Characters of a title: GitLab and Gitea take no more, the mark included."""


@dataclass(frozen=True, slots=True)
class DraftTitles:
    """How a forge marks a draft's title: `prefix` is what is written, `pattern` all that is understood."""

    prefix: str
    pattern: re.Pattern[str]

    def without(self, title: str) -> str:
        """Return the title as it reads without the mark."""
        while found := self.pattern.match(title):
            title = title[found.end() :]
        return title

    def write(self, title: str, *, draft: bool) -> str:
        """Return the title as the forge wants it for a draft, or for what is none."""
        plain = self.without(title)
        return f"{self.prefix}{plain}"[:_LONGEST] if draft else plain


GITLAB = DraftTitles("Draft: ", re.compile(r"\s*(?:\[draft\]|\(draft\)|draft:)\s*", re.IGNORECASE))
"""https://docs.gitlab.com/user/project/merge_requests/drafts/"""

GITEA = DraftTitles("WIP: ", re.compile(r"\s*(?:WIP:|\[WIP\])\s*", re.IGNORECASE))
"""The default of `WORK_IN_PROGRESS_PREFIXES`: https://docs.gitea.com/administration/config-cheat-sheet"""
