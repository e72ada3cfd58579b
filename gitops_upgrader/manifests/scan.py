"""One commit's files: which of them can matter, by their bytes; and their documents, split when they are needed."""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from gitops_upgrader.manifests.document import Document, embedded, opaque, split
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.node import Scalar
from gitops_upgrader.manifests.source import UTF_16, File
from gitops_upgrader.model import Blob, BlobKind, Tree

KUSTOMIZATION_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The file names that Kustomize looks for in a folder, in its order."""

_KEPT: Final = 3
"""How many files' documents are kept although nobody holds one: thousands of trees would slow the collector down."""

_FEW: Final = 3
"""For how many names the files are searched, before an index of all names is made."""

_SUFFIXES: Final = (".yaml", ".yml", ".json", "/Kustomization")
# What must not stand before a word is looked for behind it: a pattern that begins with a text is found much faster.
_API: Final = re.compile(rb"cluster\.x-k8s\.io/(?<![\w.-]cluster\.x-k8s\.io/)")
_CHANGES: Final = re.compile(
    rb"\b(?:patches\w*|namePrefix|nameSuffix|targetNamespace|components)\b|\bkustomize[\"']?[ \t]*:"
)
_NAME: Final = re.compile(rb"""name["']?\s*:[ \t]*["']?([A-Za-z0-9][A-Za-z0-9.-]*\\?|[\\&*!>|#\r\n])""")
"""A name, or what begins one that is written in another way: an escape, an anchor, a tag, an alias, or further on."""
_ODD: Final = re.compile(rb"[^A-Za-z0-9.-]\Z")
_ESCAPE: Final = re.compile(rb"\\[xuU\r\n]")
"""What may stand for a letter of a name in a double-quoted text, or for nothing."""
_KIND: Final = re.compile(rb"Cluster(?:List)?\b(?<!\wCluster)(?<!\wClusterList)")


class Trait(enum.Enum):
    """What a file's bytes show of it."""

    CLUSTER = "cluster"
    """It may hold a Cluster, or a patch of one."""
    KUSTOMIZATION = "kustomization"
    """It is a Kustomize kustomization, by its name."""
    MARKER = "marker"
    """It has a setter comment."""
    DEPLOYMENT = "deployment"
    """It may hold a Flux Kustomization or an Argo CD Application that patches what it deploys."""
    DEPLOYER = "deployer"
    """It may hold a Flux Kustomization or an Argo CD Application, or a patch of one."""
    SOURCE = "source"
    """It may hold a Flux GitRepository."""
    VERSION_LIST = "version-list"
    """It may hold a ClusterClass that lists the versions it takes."""


Known: TypeAlias = dict[str, tuple[Trait, ...]]
"""What the bytes of blobs show, by object id."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much was looked at: how many files there are, how many of them may be manifests by their name, and how many
    links and submodules, which are not followed."""

    files: int
    manifests: int
    links: int


class Parsed:
    """A file's documents, which keep it alive."""

    __slots__ = ("__weakref__", "documents")

    def __init__(self, documents: list[Document]) -> None:
        self.documents = documents


class Scan:
    """The files of a tree below some paths. Each blob is read once; documents are split and composed lazily.

    Args:
        tree: the files of one commit.
        paths: globs from the root; a folder means everything in it; none means everything.
        known: what earlier scans saw, by blob; blobs in it that do not matter are not read again. It is added to.
    """

    def __init__(self, tree: Tree, paths: Sequence[str] = (), known: Known | None = None) -> None:
        self._tree = tree
        self._known = known
        self.blobs: dict[str, Blob] = {}
        self.links: list[Blob] = []
        self._having: dict[Trait, dict[str, None]] = {trait: {} for trait in Trait}
        self._data: dict[str, bytes] = {}
        self._parsed: WeakValueDictionary[str, Parsed] = WeakValueDictionary()
        self._recent: deque[Parsed] = deque(maxlen=_KEPT)
        self._names: dict[bytes, list[str]] | None = None
        self._odd: list[str] = []
        self._asked = 0
        self._inside: dict[Scalar, list[Document]] = {}
        self._look(paths)

    def _look(self, paths: Sequence[str]) -> None:
        """Take in every blob: most of the time that a large repository takes goes by here."""
        known, read, blobs = self._known, self._tree.read, self.blobs
        for blob in self._tree.blobs():
            path, kind = blob.path, blob.kind
            if paths and not matches(path, paths):
                continue
            if kind is BlobKind.SYMLINK or kind is BlobKind.SUBMODULE:
                self.links.append(blob)
                continue
            blobs[path] = blob
            if not _is_manifest(path):
                continue
            data, traits = None, None if known is None else known.get(blob.oid)
            if traits is None:
                data = read(blob)
                traits = _traits(_in_utf8(data))
                if known is not None:
                    known[blob.oid] = traits
            if traits or path.endswith(KUSTOMIZATION_NAMES):
                self._take(path, traits, data)

    def _take(self, path: str, traits: tuple[Trait, ...], data: bytes | None) -> None:
        """Keep a file that matters, and its bytes where they are there."""
        name = path.rpartition("/")[2]
        if name in KUSTOMIZATION_NAMES:
            traits = (*traits, Trait.KUSTOMIZATION)
        for trait in traits:
            self._having[trait][path] = None
        if data is not None and traits:
            self._data[path] = data

    def having(self, trait: Trait, needle: bytes = b"") -> Iterator[str]:
        """The paths of files with a trait whose bytes hold the needle, sorted."""
        for path in self._having[trait]:
            if not needle or needle in self.data(path):
                yield path

    def naming(self, name: str) -> list[str]:
        """The paths of files that may hold a Cluster of this name, sorted: those with `name: <name>`.

        Where some name is written in another way (an alias, a folded text, ...), it may be this one if the file has
        it as a word, or has escapes. Where nothing is found so, all files count that have its letters.
        """
        needle = name.encode()
        if self._names is None and self._asked < _FEW:
            self._asked += 1
            plain, odd = self._few(needle)
        else:
            names, unusual = self._index()
            plain = names.get(needle, [])
            odd = [path for path in unusual if _may_say(self.words(path), needle)]
        others = odd if plain else [*odd, *self.having(Trait.CLUSTER, needle)]
        return sorted({*plain, *others}) if others else plain

    def _few(self, needle: bytes) -> tuple[list[str], list[str]]:
        """The files with this name, and those that may have it in another way: for who asks for a few."""
        plain, odd = [], []
        for path in self.having(Trait.CLUSTER):
            words = self.words(path)
            if needle in words or has_escapes(words):
                found = _NAME.findall(words)
                if needle in found:
                    plain.append(path)
                elif any(map(_ODD.search, found)) and _may_say(words, needle):
                    odd.append(path)
        return plain, odd

    def _index(self) -> tuple[dict[bytes, list[str]], list[str]]:
        """Every name in the files that may hold a Cluster, with their paths: for who asks for many.

        And the paths of the files in which some name is written in another way.
        """
        if self._names is None:
            self._names, self._odd = {}, []
            for path in self.having(Trait.CLUSTER):
                names = set(_NAME.findall(self.words(path)))
                if any(map(_ODD.search, names)):
                    self._odd.append(path)
                for found in names:
                    self._names.setdefault(found, []).append(path)
        return self._names, self._odd

    def inside(self, text: Scalar) -> list[Document]:
        """The documents in a scalar, the same ones however often they are asked for."""
        found = self._inside.get(text)
        if found is None:
            found = self._inside[text] = embedded(text) or opaque(text)
        return found

    def extent(self, paths: Sequence[str]) -> Extent:
        """How much of the files is looked at, below some paths or everywhere."""
        files = [path for path in self.blobs if matches(path, paths)]
        links = sum(matches(link.path, paths) for link in self.links)
        return Extent(len(files), sum(map(_is_manifest, files)), links)

    def leaves_out(self, path: str) -> bool:
        """Whether the tree has a file that is not below the paths."""
        return path not in self.blobs and any(blob.path == path for blob in self._tree.blobs())

    def link_targets(self) -> dict[str, str]:
        """Where each symbolic link leads, as it is written in it."""
        links = [blob for blob in self.links if blob.kind is BlobKind.SYMLINK]
        return {blob.path: self._tree.read(blob).decode("utf-8", "surrogateescape") for blob in links}

    def has(self, path: str, trait: Trait) -> bool:
        """Whether a file has a trait."""
        return path in self._having[trait]

    def data(self, path: str) -> bytes:
        """A file's bytes."""
        data = self._data.get(path)
        if data is None:
            data = self._tree.read(self.blobs[path])
            if any(path in paths for paths in self._having.values()):
                self._data[path] = data
        return data

    def words(self, path: str) -> bytes:
        """A file's text in UTF-8, also where its own encoding is one that is not read."""
        return _in_utf8(self.data(path))

    def documents(self, path: str) -> list[Document]:
        """A file's documents, not composed yet; the same ones as long as somebody holds one of them.

        Raises:
            ManifestTooLarge, NotUtf8: as `source.File`.
        """
        known = self._parsed.get(path)
        if known is None:
            known = self._parsed[path] = Parsed(split(File(path, self.data(path))))
            for document in known.documents:
                document.siblings = known
            self._recent.append(known)
        return known.documents


def _is_manifest(path: str) -> bool:
    return path.endswith(_SUFFIXES) or path == "Kustomization"


def _in_utf8(data: bytes) -> bytes:
    return data.decode("utf-16", "replace").encode() if data.startswith(UTF_16) else data


def _traits(data: bytes) -> tuple[Trait, ...]:
    found: tuple[Trait, ...] = ()
    if b"cluster.x-k8s.io/" in data and _API.search(data):
        if _KIND.search(data):
            found = (Trait.CLUSTER,)
        if b"kubernetesVersions" in data:
            found = (*found, Trait.VERSION_LIST)
    if b"$gitops-upgrader" in data:
        found = (*found, Trait.MARKER)
    if (b"kustomize.toolkit.fluxcd.io/" in data or b"argoproj.io/" in data) and _CHANGES.search(data):
        found = (*found, Trait.DEPLOYMENT)
    if (b"kustomize.toolkit.fluxcd.io/v" in data and b"Kustomization" in data) or (
        b"argoproj.io/v" in data and b"Application" in data
    ):
        found = (*found, Trait.DEPLOYER)
    if b"source.toolkit.fluxcd.io/" in data and b"GitRepository" in data:
        found = (*found, Trait.SOURCE)
    return found


def _may_say(data: bytes, name: bytes) -> bool:
    """Whether a text has a name as a word, or escapes that may stand for some of its letters."""
    return (name in data and _word(name).search(data) is not None) or has_escapes(data)


def has_escapes(data: bytes) -> bool:
    """Whether a double-quoted text may mean other letters than those that it is written with."""
    return b"\\" in data and _ESCAPE.search(data) is not None


@lru_cache(maxsize=16)
def _word(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w.-])" + re.escape(name) + rb"(?![\w.-])")
