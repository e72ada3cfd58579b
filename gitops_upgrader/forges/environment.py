"""The tokens that the environment offers to the command line, each for the server that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gitops_upgrader.forges.address import Address, api_url, origin

TOKENS: Final[Mapping[str, str]] = {"github": "GITHUB_TOKEN", "gitlab": "GITLAB_TOKEN", "gitea": "GITEA_TOKEN"}
"""For each provider, the variable with its token."""

_HOSTS: Final[Mapping[str, str]] = {"github": "GITHUB_SERVER_URL", "gitlab": "GITLAB_HOST", "gitea": "GITEA_URL"}
"""For each provider, the variable that says which host its token belongs to."""


def environment_token(
    provider: str,
    address: Address,
    environ: Mapping[str, str],
    *,
    repo_from_command_line: bool,
    given_api_url: str | None = None,
) -> str | None:
    """Return the environment's token for a repository, if the token belongs to the server that would get it.

    `GITHUB_TOKEN` belongs to github.com and to `GITHUB_SERVER_URL`, `GITLAB_TOKEN` to `GITLAB_HOST`, `GITEA_TOKEN` to
    `GITEA_URL`. Where that variable is not set, a token belongs to the host of a `--repo` that was typed on the
    command line; never to one that a file names, as whoever can write the file could then have the token sent to a
    server of theirs. What counts is the origin of the API: a planted `apiURL` gets nothing.

    Args:
        provider: `github`, `gitlab` or `gitea`; any other has no token.
        address: the repository.
        environ: the environment.
        repo_from_command_line: whether `address` was typed there.
        given_api_url: `apiURL`, where it is set.

    Raises:
        ForgeSettingsInvalid: `given_api_url`, or the variable that names the host, cannot be read.
    """
    token = environ.get(TOKENS[provider], "").strip() if provider in TOKENS else ""
    if not token:
        return None
    host = environ.get(_HOSTS[provider], "").strip()
    servers = ["https://github.com"] if provider == "github" else []
    if host:
        servers.append(host if "://" in host else f"https://{host}")
    elif repo_from_command_line:
        servers.append(address.site)
    target = origin(api_url(provider, address, given_api_url))
    return token if target in {origin(api_url(provider, address, server)) for server in servers} else None


def token_hint(provider: str, address: Address) -> str:
    """Return what to do where a server got no token, as an instruction; for providers that take one."""
    return (
        f"Set {TOKENS[provider]}, and {_HOSTS[provider]}={address.site} to say that it is for this host; "
        "or name a Secret with spec.secretRef of the GitOpsRepository."
    )
