"""Signatures of commits."""

from __future__ import annotations

from typing import Protocol


class Signer(Protocol):
    """Signs a commit."""

    def sign(self, payload: bytes) -> str:
        """Return the armoured detached signature of these bytes, as the header `gpgsig` holds it.

        Raises:
            InvalidSigningKey: the key cannot sign.
        """
