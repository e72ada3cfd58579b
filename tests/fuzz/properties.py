"""What must hold for every manifest, whatever it looks like."""

from __future__ import annotations

from gitops_upgrader.errors import ManifestError, ProofFailed
from gitops_upgrader.manifests import Edited, Manifests, Query, TargetWant, Values, VariableWant
from tests.fuzz.manifests import NAME, Manifest
from tests.manifests.memory import MemoryTree

FILE = "prod.yaml"
NEW = Values(version="v1.34.2", variables=("img-34",))


def edited(data: bytes, query: Query, values: Values) -> Edited:
    """One edit of one file."""
    manifests = Manifests(MemoryTree({FILE: data}))
    return manifests.edit(manifests.locate(query), values)


def after(data: bytes, made: Edited) -> bytes:
    """The file after an edit, and what an edit promises about its bytes."""
    new = made.files.get(FILE, data)
    rebuilt, done = [], 0
    for edit in made.edits:
        rebuilt += [data[done : edit.span.start], edit.replacement]
        done = edit.span.end
    assert b"".join((*rebuilt, data[done:])) == new, "only the spans differ"
    return new


def edits_are_exact(manifest: Manifest) -> None:
    """An edit is idempotent, touches its spans only, and can be undone to the byte.

    The last holds for values that are in the file as an edit would write them, in a place whose new value needs no
    quotes that the old one did not have: versions, names of images, booleans, and numbers in decimal without needless
    zeros. Quotes that an edit adds stay, as the place says then that it is a text; and nothing tells
    that `31` was `0x1F`, or that a text was a null.
    """
    new = after(manifest.data, edited(manifest.data, manifest.query, NEW))
    assert edited(new, manifest.query, NEW).already
    located = Manifests(MemoryTree({FILE: new})).locate(manifest.query)
    assert located.version_text is not None
    assert located.version_text.removeprefix("v") == "1.34.2"
    assert located.image_text == "img-34"
    if manifest.image is not None:
        assert after(new, edited(new, manifest.query, manifest.current)) == manifest.data
    else:
        alone = Query(NAME)
        undone = after(new, edited(new, alone, manifest.current))
        assert after(undone, edited(undone, manifest.query, NEW)) == new


def nothing_crashes(data: bytes) -> None:
    """A file is edited or refused; no parser crashes, and no splice is made that its proof finds wrong."""
    for query in (
        Query(NAME, variables=(VariableWant("imageId"),), topology_class=True),
        Query(NAME, variables=(VariableWant("n", "/a/b"),)),
        Query(NAME, targets=(TargetWant(FILE, "/spec/topology/version"),)),
        Query(NAME, targets=(TargetWant(FILE, "/spec/topology|/version"),)),
    ):
        values = Values("v1.34.2", topology_class="d-34", variables=("img-34",) * len(query.variables))
        try:
            made = edited(data, query, values)
        except ProofFailed:
            raise
        except ManifestError:
            continue
        new = after(data, made)
        assert edited(new, query, values).already
    Manifests(MemoryTree({FILE: data})).clusters()
