"""A list of versions that a person keeps, one a line."""

from __future__ import annotations

from gitops_upgrader.errors import InvalidSourceVersion, InvalidVersion, Where
from gitops_upgrader.versions import Version


def parse_version_lines(text: str, *, where: Where | None = None) -> tuple[Version, ...]:
    """Return the versions of a text with one a line, ascending, each once.

    Blank lines, spaces around a version, and `#` comments (a line of their own, or after a version) mean nothing.

    Args:
        text: the list, such as a ConfigMap's `versions`.
        where: what holds it, for messages. The line within the text, counted from 1, stands in the message.

    Raises:
        InvalidSourceVersion: a line is no version; every wrong line is named.
    """
    found: set[Version] = set()
    wrong: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        bare = line.partition("#")[0].strip()
        if not bare:
            continue
        try:
            found.add(Version.parse(bare))
        except InvalidVersion as error:
            wrong.append((number, error.message))
    if wrong:
        first, why = wrong[0]
        more = f" So are lines {', '.join(str(number) for number, _ in wrong[1:])}." if wrong[1:] else ""
        raise InvalidSourceVersion(
            f"line {first} is wrong: {why}{more}",
            where=where,
            remedy="Write one version a line, such as v1.34.2.",
        )
    return tuple(sorted(found))
