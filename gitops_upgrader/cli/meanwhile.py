"""Imports while something else is waited for."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def importing(*modules: str) -> Iterator[None]:
    """Import modules in a thread while the block waits for the network: a third of a second that nobody notices then.

    Whoever uses them imports them as always, and sees there what went wrong with them.
    """
    thread = threading.Thread(target=_import, args=(modules,), name="importing")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _import(modules: tuple[str, ...]) -> None:
    for module in modules:
        with suppress(ImportError):
            importlib.import_module(module)
