"""Images for tests, by version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gitops_upgrader.model import Image
from gitops_upgrader.versions import Version

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


def image(version: str, name: str | None = None, *, age: timedelta | None = timedelta(days=30)) -> Image:
    """An image named after its version, 30 days old."""
    return Image(
        Version.parse(version), f"ami-{version}", name or f"node-{version}", NOW - age if age is not None else None
    )


def images(versions: str) -> list[Image]:
    """Images of the versions in a text."""
    return [image(version) for version in versions.split()]


def texts(found: tuple[Image, ...] | list[Image]) -> str:
    """The versions of images, as a text."""
    return " ".join(str(each.version) for each in found)
