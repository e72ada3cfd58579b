"""Where a Debian repository keeps its files, seen from the URL that a person wrote.

The two layouts are those of https://wiki.debian.org/DebianRepository/Format: a flat repository has Packages and
InRelease side by side; the other has `dists/<suite>/InRelease` and `dists/<suite>/<component>/binary-<arch>/Packages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote

from gitops_upgrader.errors import InvalidSourceURL, Where
from gitops_upgrader.sources.urls import checked, shown

INDEX_NAMES = ("Packages.xz", "Packages.gz", "Packages")
"""The forms of an index that are read, the smallest first."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one repository.

    Args:
        url: what the person wrote, split.
        folder: the path of the folder that holds the index, with a final slash.
        names: the index's names there, in the order to try them; one where the URL names a file.
        release_folders: paths where the Release file that covers the index may lie, the likeliest first.
    """

    url: SplitResult
    folder: str
    names: tuple[str, ...]
    release_folders: tuple[str, ...]

    def index(self, name: str) -> str:
        """Return the URL of an index; a query (a mirror's access token) stays on it."""
        return self._at(self.folder + name)

    def release(self, folder: str, name: str) -> str:
        """Return the URL of a file that lies in one of `release_folders`."""
        return self._at(folder + name)

    def listed_as(self, release_folder: str, name: str) -> str:
        """Return the path by which a Release file in `release_folder` lists an index."""
        return unquote(self.folder.removeprefix(release_folder)) + name

    def _at(self, path: str) -> str:
        return self.url._replace(path=path).geturl()


def locate(url: str, architecture: str) -> Layout:
    """Tell which files a source's URL stands for.

    Raises:
        SchemeRefused, CredentialsInURL: see `urls.checked`.
        InvalidSourceURL: a file of a kind that is not read, or a folder of `dists` that is no component.
    """
    parts = checked(url)
    folder, _, last = (parts.path or "/").rpartition("/")
    if last in INDEX_NAMES:
        return _layout(parts, folder + "/", (last,))
    if last.startswith("Packages."):
        raise InvalidSourceURL(
            f"{last} is compressed in a way that is not read.",
            where=Where(file=shown(url)),
            remedy=f"Name one of {', '.join(INDEX_NAMES)}, or the folder that holds it.",
        )
    folder = f"{folder}/{last}/" if last else folder + "/"
    inner = _below_dists(folder)
    if inner is not None and not _is_binary(inner):
        if len(inner) < 2:
            raise InvalidSourceURL(
                "the URL names a folder of `dists` without a component.",
                where=Where(file=shown(url)),
                remedy="Add the suite and the component, often dists/stable/main/.",
            )
        folder += f"binary-{quote(architecture, safe='')}/"
    return _layout(parts, folder, INDEX_NAMES)


def _layout(parts: SplitResult, folder: str, names: tuple[str, ...]) -> Layout:
    return Layout(url=parts, folder=folder, names=names, release_folders=_release_folders(folder))


def _release_folders(folder: str) -> tuple[str, ...]:
    """Flat: the folder itself. Below `dists`: the suite, whose name may hold slashes, the longest name first."""
    inner = _below_dists(folder)
    if inner is None or not _is_binary(inner):
        return (folder,)
    root = folder.removesuffix("/".join(inner) + "/")
    suites = [inner[:length] for length in range(len(inner) - 2, 0, -1)]
    return tuple(f"{root}{'/'.join(suite)}/" for suite in suites) or (folder,)


def _below_dists(folder: str) -> list[str] | None:
    """Return the path segments after the last `dists`; None in a flat repository."""
    segments = folder.strip("/").split("/")
    if "dists" not in segments:
        return None
    return segments[len(segments) - segments[::-1].index("dists") :]


def _is_binary(segments: list[str]) -> bool:
    return bool(segments) and segments[-1].startswith("binary-")
