"""Logs as JSON, one object a line. What belongs to one reconcile carries one `reconcileID`. No secret is in any."""

from __future__ import annotations

import contextvars
import json
import logging
import secrets
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from gitops_upgrader.git.redaction import redact
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.secrecy import Secrecy

_reconcile: contextvars.ContextVar[dict[str, str] | None] = contextvars.ContextVar("reconcile", default=None)


@contextmanager
def reconciling(key: ObjectKey) -> Iterator[str]:
    """Mark what is logged inside as belonging to one reconcile of an object; yields its id."""
    identity = secrets.token_hex(8)
    token = _reconcile.set({"reconcileID": identity, "kind": key.kind, "namespace": key.namespace, "name": key.name})
    try:
        yield identity
    finally:
        _reconcile.reset(token)


class JsonFormatter(logging.Formatter):
    """One JSON object for each record: ts, level, logger, msg, what the reconcile is about, and a traceback for a bug.

    Args:
        secrecy: the secrets that were read so far.
    """

    def __init__(self, secrecy: Secrecy | None = None) -> None:
        super().__init__()
        self._secrecy = secrecy or Secrecy()

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        moment = datetime.fromtimestamp(record.created, UTC)
        fields: dict[str, object] = {
            "ts": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": self._clean(record.getMessage()),
            **(_reconcile.get() or {}),
        }
        extra = getattr(record, "fields", None)
        if isinstance(extra, dict):
            fields |= {name: self._clean(value) if isinstance(value, str) else value for name, value in extra.items()}
        if record.exc_info and record.exc_info[1] is not None:
            fields["traceback"] = self._clean("".join(traceback.format_exception(record.exc_info[1])))
        return json.dumps(fields, ensure_ascii=False, default=str)

    def _clean(self, text: str) -> str:
        return redact(text, self._secrecy.values())


def set_up(level: str, secrecy: Secrecy) -> None:
    """Log everything from `level` on to stderr, in place of whatever was set up before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(secrecy))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
