"""What to remember of a source between two looks at it, so that an unchanged index is not brought again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

_LONGEST = 512


@dataclass(frozen=True, slots=True)
class Validator:
    """What one repository's index was, the last time.

    Args:
        name: the index's file name, so that the next look begins with it.
        etag, last_modified: HTTP validators (RFC 9110, section 8.8); for a signed repository they are not used.
        digest: the index's digest in a signed Release file, as `SHA256:<hex>`.
    """

    name: str = ""
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Validators:
    """One validator for each repository of a query, in its order.

    Args:
        query: a digest of the query that they belong to. Under another query (another architecture, a keyring that was
            none before) an unchanged file says nothing, so they are then of no use.
        indexes: the validators.

    The text form goes into `status.etag`. It holds no URL, as URLs may carry a mirror's access token.
    """

    query: str = ""
    indexes: tuple[Validator, ...] = ()

    def __str__(self) -> str:
        """Return the text form: one line of JSON."""
        indexes = [{key: value for key, value in asdict(index).items() if value} for index in self.indexes]
        return json.dumps({"query": self.query, "indexes": indexes}, separators=(",", ":"), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> Validators:
        """Read the text form back.

        A text that is none of ours (an older program's, an edited one) gives no validators: the worst that follows is
        one download too many.
        """
        try:
            data = json.loads(text)
            return cls(query=_text(data["query"]) or "", indexes=tuple(_index(index) for index in data["indexes"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls()


def query_digest(*parts: str | bytes) -> str:
    """Return a short digest of a query's parts."""
    joined = b"".join(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest() for part in parts)
    return hashlib.sha256(joined).hexdigest()[:16]


def sendable(value: str | None) -> str | None:
    """Return a validator that fits into a header and into a status; None for what does not."""
    return value if value and len(value) <= _LONGEST and value.isascii() and value.isprintable() else None


def _index(data: Any) -> Validator:
    return Validator(
        name=_text(data.get("name")) or "",
        etag=_text(data.get("etag")),
        last_modified=_text(data.get("last_modified")),
        digest=_text(data.get("digest")),
    )


def _text(value: object) -> str | None:
    return sendable(value) if isinstance(value, str) else None
