"""What the words of `git`, curl and OpenSSH mean: one typed error for each, and none of them shows a credential."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gitops_upgrader.errors import (
    AccessDenied,
    AuthenticationFailed,
    GitError,
    GitFailed,
    GitTimeout,
    HostKeyChanged,
    HostKeyUnknown,
    NetworkError,
    OwnershipRefused,
    ProxyRefused,
    RedirectRefused,
    RemoteUnavailable,
    RepositoryNotFound,
    RepositoryUnsupported,
    TlsRefused,
)
from gitops_upgrader.git.location import Location
from gitops_upgrader.git.redaction import redact

MAX_WORDS = 500
"""Characters of somebody else's words in a message."""

_CREDENTIALS = "Check the Secret (or the token in the environment) for this host."


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A pattern of words and the error they stand for; `{words}` and `{location}` are filled in."""

    pattern: re.Pattern[str]
    error: type[GitError]
    message: str
    remedy: str = ""


def _meaning(pattern: str, error: type[GitError], message: str, remedy: str = "") -> _Meaning:
    return _Meaning(re.compile(pattern, re.IGNORECASE), error, message, remedy)


_MEANINGS = (
    _meaning(
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed",
        HostKeyChanged,
        "The SSH server of {location} shows another host key than known_hosts has for it.",
        "Find out whether the server was replaced or somebody is in between, then correct known_hosts.",
    ),
    _meaning(
        r"host key verification failed|No .* host key is known",
        HostKeyUnknown,
        "The SSH server of {location} is not in known_hosts.",
        "Add the line that `ssh-keyscan` prints for it, once you have compared it with what the host publishes.",
    ),
    _meaning(
        r"(?:returned error: 407|HTTP code 407|Proxy CONNECT aborted|CONNECT tunnel failed|proxy authentication)",
        ProxyRefused,
        "The proxy does not let a connection to {location} through: {words}.",
        "Check the proxy's address and credentials.",
    ),
    _meaning(
        r"returned error: 30\d|unable to update url base from redirection|too many redirects",
        RedirectRefused,
        "The server of {location} redirects to another address.",
        "Use that address, if you trust it.",
    ),
    _meaning(
        r"could not read (?:Username|Password)|Authentication failed|terminal prompts disabled|returned error: 401"
        r"|Permission denied \((?:publickey|keyboard|password)|Access denied\b.*credential|invalid credentials",
        AuthenticationFailed,
        "{location} does not accept the credentials, or wants some and got none.",
        _CREDENTIALS,
    ),
    _meaning(
        r"returned error: 403|Write access to repository not granted|deploy key.*read.?only|marked as read only"
        r"|You are not allowed to|permission to .* denied",
        AccessDenied,
        "The credentials are not allowed to do this at {location}.",
        "Give them write access to the repository's contents.",
    ),
    _meaning(
        r"repository '.*' not found|Repository not found|returned error: (?:404|410)"
        r"|does not appear to be a git repository|could not be found or you don't have permission"
        r"|not valid: is this a git repository|does not exist",
        RepositoryNotFound,
        "There is no repository at {location}, or none that these credentials may see.",
        "Check the address, and the credentials: hosts say the same of what one may not see.",
    ),
    _meaning(
        r"dubious ownership|not owned by current user",
        OwnershipRefused,
        "The repository {location} belongs to another user.",
        "If you trust it, add it to `safe.directory`.",
    ),
    _meaning(
        r"returned error: (?:429|5\d\d)",
        RemoteUnavailable,
        "The server of {location} cannot serve now: {words}.",
        "Try again later.",
    ),
    _meaning(
        r"Operation too slow|Operation timed out|Connection timed out|Timeout was reached|timed out after",
        GitTimeout,
        "The server of {location} takes too long: {words}.",
        "Try again; raise `timeout` if the repository is large or the way there is slow.",
    ),
    _meaning(
        r"GnuTLS recv error \(-(?!12\b)"
        r"|TLS connection was non-properly terminated|Error in the pull function|SSL_ERROR_SYSCALL"
        r"|Could not resolve|Failed to connect|Couldn't connect|Connection (?:refused|reset|closed)|Network is unreach"
        r"|No route to host|early EOF|unexpected disconnect|hung up unexpectedly|Recv failure|Send failure"
        r"|Empty reply from server|transfer closed|RPC failed|bytes of (?:body|length header)|invalid index-pack output"
        r"|kex_exchange_identification|broken pipe|Transport endpoint is not connected"
        r"|Could not read from remote repository",
        NetworkError,
        "The connection to {location} failed: {words}.",
        "Check the address and the way there (DNS, port, firewall, proxy), then try again.",
    ),
    _meaning(
        r"certificate|SSL CA cert|SSL connect error|SSL routines|gnutls_handshake|tlsv1 alert|TLS alert|CAfile"
        r"|sslCAInfo|TLS fatal alert",
        TlsRefused,
        "There is no trusted TLS connection to {location}: {words}.",
        "Put the authority's certificate into the Secret under `ca.crt`; a client certificate under `tls.crt`.",
    ),
    _meaning(
        r"does not support shallow|mismatched algorithms|object format|unknown repository extension|protocol error",
        RepositoryUnsupported,
        "The repository {location} is stored or served in a way that is not spoken here: {words}.",
        "Serve it with a current Git: its smart protocol, objects named by SHA-1.",
    ),
)


def diagnose(location: Location, complaint: str, secrets: Iterable[str] = ()) -> GitError:
    """Return the error that the error output of `git` stands for; `GitFailed` with its words where that is unknown."""
    text = redact(complaint, secrets)
    for meaning in _MEANINGS:
        if meaning.pattern.search(text):
            message = meaning.message.format(location=location, words=own_words(text) or "it says nothing")
            return meaning.error(message, remedy=meaning.remedy)
    return GitFailed(
        f"Git failed at {location}: {own_words(text) or 'it says nothing'}.",
        remedy="See what `git ls-remote` says of this address.",
    )


_PREFIX = re.compile(r"^(?:(?:fatal|error|ssh): |unable to access '[^']*': )+")
"""What says nothing that the message around the words does not say."""

_EPILOGUE = frozenset(
    {
        "Could not read from remote repository",
        "Please make sure you have the correct access rights",
        "and the repository exists",
    }
)
"""What Git adds to whatever went wrong over SSH (connect.c, `die_initial_contact`)."""


def own_words(text: str) -> str:
    """Return what went wrong in a program's own words: one line of at most `MAX_WORDS` characters, no full stop."""
    lines = [_PREFIX.sub("", line) for line in _lines(text) if not line.startswith(("remote:", "hint:"))]
    return _shortened([line for line in lines if line not in _EPILOGUE] or lines)


def remote_words(text: str) -> str:
    """Return what the other side said (lines that `git` marks with `remote:`), in one line without a full stop."""
    return _shortened(line.removeprefix("remote:").strip() for line in _lines(text) if line.startswith("remote:"))


def _lines(text: str) -> list[str]:
    printable = ("".join(c for c in line if c.isprintable()).strip() for line in re.split(r"[\r\n]+", text))
    return [re.sub(r"(?<!\.)\.$", "", line) for line in printable if line and not set(line) <= set("@-=#* .")]


def _shortened(lines: Iterable[str]) -> str:
    words = "; ".join(dict.fromkeys(line for line in lines if line))
    return words if len(words) <= MAX_WORDS else words[:MAX_WORDS] + " ..."
