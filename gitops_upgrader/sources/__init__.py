"""Where Kubernetes releases are noticed: Debian repositories, and lists that people keep.

`httpfetch.HttpFetch` is the transport. It is not imported here, because `requests` is slow to import.
"""

from gitops_upgrader.sources.debian import DebianQuery, Noticed, notice
from gitops_upgrader.sources.fetch import Fetch, Request, Response
from gitops_upgrader.sources.validators import Validator, Validators
from gitops_upgrader.sources.versionlist import parse_version_lines

__all__ = [
    "DebianQuery",
    "Fetch",
    "Noticed",
    "Request",
    "Response",
    "Validator",
    "Validators",
    "notice",
    "parse_version_lines",
]
