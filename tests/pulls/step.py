"""What a line of a scenario does."""

from __future__ import annotations

import re
from collections.abc import Callable

Step = Callable[..., None]


class Steps:
    """Steps that belong together: each has a pattern, and takes the play and what the pattern's groups matched."""

    def __init__(self) -> None:
        self.known: list[tuple[re.Pattern[str], Step]] = []

    def __call__(self, pattern: str) -> Callable[[Step], Step]:
        """Say which lines a step is for. `@` stands for a pull request `#1`, or for a branch of ours."""
        expression = pattern.replace("@", r"(#\d+|the branch|branch \S+)")

        def register(function: Step) -> Step:
            self.known.append((re.compile(expression), function))
            return function

        return register
