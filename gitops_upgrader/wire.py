"""What goes over the wire, a line in the log for each exchange: with whom, what came of it, how long it took.

It is logged as DEBUG, by a logger of its own, so that a person can ask for just that (`-v`) while the controller, which
talks all day, keeps it to itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

LOGGER: Final = "gitops_upgrader.wire"

_logger = logging.getLogger(LOGGER)


@dataclass(slots=True)
class Exchange:
    """One exchange; `answer` is for whoever talks to fill in, such as the status of a response."""

    answer: str = ""


@contextmanager
def exchange(what: str) -> Iterator[Exchange]:
    """Log what happens inside as one exchange, however it ends.

    Args:
        what: whom is talked to about what, such as a method and an address. No credential may be in it.
    """
    begun, talk, failure = time.monotonic(), Exchange(), ""
    try:
        yield talk
    except BaseException as error:
        failure = type(error).__name__
        raise
    finally:
        outcome = ", ".join(filter(None, (talk.answer, failure))) or "done"
        _logger.debug("%s: %s in %.2f s", what, outcome, time.monotonic() - begun)
