"""What goes to a terminal."""

from __future__ import annotations

from gitops_upgrader.cli.terminal import coloured_diff


def test_a_line_of_a_diff_cannot_look_like_another_one() -> None:
    """A line end that is one to Unicode and not to git: what follows it is no line that was added."""
    shown = coloured_diff(" a: 1\u2028+b: 2\n-c: 3\r\n+c: 4\r\n").plain

    assert shown.splitlines() == [" a: 1\ufffd+b: 2", "-c: 3", "+c: 4"]
