"""Notice the Kubernetes versions of Debian repositories, several merged into one list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from gitops_upgrader.errors import InvalidSourceURL, Where
from gitops_upgrader.sources.fetch import Fetch
from gitops_upgrader.sources.keyring import Keyring
from gitops_upgrader.sources.layout import locate
from gitops_upgrader.sources.repository import Reader
from gitops_upgrader.sources.validators import Validator, Validators, query_digest
from gitops_upgrader.versions import Version


@dataclass(frozen=True, slots=True)
class DebianQuery:
    """What to look at.

    Args:
        urls: Packages files, or folders of repositories; their versions are merged.
        architecture: as Debian calls it, `amd64`.
        timeout: seconds for each repository, all its files and redirects together.
        keyring: OpenPGP certificates, armored or binary, one or many; None where no signature is asked for.
    """

    urls: tuple[str, ...]
    architecture: str
    timeout: float = 30.0
    keyring: bytes | None = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """A short digest of all that decides what the answer is; the timeout does not."""
        keyring = (b"signed", self.keyring) if self.keyring is not None else (b"unsigned",)
        return query_digest(self.architecture, *keyring, *self.urls)


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a look at a source found.

    Args:
        versions: ascending, each once.
        validators: what to hand back at the next look.
        not_modified: nothing has changed since `known`, whose versions and validators these are.
    """

    versions: tuple[Version, ...]
    validators: Validators = field(default_factory=Validators)
    not_modified: bool = False


def notice(query: DebianQuery, *, fetch: Fetch, known: Noticed | None, now: datetime) -> Noticed:
    """Return the Kubernetes versions of Debian repositories.

    A repository that cannot be read fails the whole look, and nothing is kept of it: a list without the versions of
    one repository would look like their withdrawal. The caller keeps what it knew.

    Args:
        query: what to look at.
        fetch: how to bring a file.
        known: what an earlier look found; used to ask whether anything has changed.
        now: when signatures, keys and Release files must be valid; with a time zone.

    Raises:
        SourceError: each reason its own class, with the URL that it is about.
    """
    urls = tuple(dict.fromkeys(query.urls))
    if not urls:
        raise InvalidSourceURL("the source names no repository.", remedy="Set its URL.")
    layouts = [locate(url, query.architecture) for url in urls]
    keyring = None if query.keyring is None else Keyring.parse(query.keyring, Where(field="signedBy"))
    reader = Reader(fetch=fetch, architecture=query.architecture, timeout=query.timeout, keyring=keyring, now=now)
    before = _usable(known, query.digest, len(layouts))
    readings = [reader.read(layout, validator) for layout, validator in zip(layouts, before, strict=True)]
    if known is not None and all(reading.versions is None for reading in readings):
        return Noticed(known.versions, known.validators, not_modified=True)
    # one has changed: what the others hold is known only merged, so they are read after all
    whole = [
        reader.read(layout, Validator(name=reading.validator.name)) if reading.versions is None else reading
        for layout, reading in zip(layouts, readings, strict=True)
    ]
    versions = frozenset[Version]().union(*(reading.versions or () for reading in whole))
    return Noticed(tuple(sorted(versions)), Validators(query.digest, tuple(reading.validator for reading in whole)))


def _usable(known: Noticed | None, digest: str, count: int) -> tuple[Validator, ...]:
    """Return validators to ask with; empty ones where what is known answers another question."""
    validators = known.validators if known is not None else Validators()
    if validators.query == digest and len(validators.indexes) == count:
        return validators.indexes
    return (Validator(),) * count
