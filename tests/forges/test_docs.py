"""What docs/forges.md shows is right: every object in it is valid, and every Secret has the keys that are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from gitops_upgrader.api.gitops_repository import GitOpsRepository
from gitops_upgrader.forges import credentials
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.credentials import GitHubApp, Token
from gitops_upgrader.forges.registry import FORGES, guess_provider

PAGE = (Path(__file__).parents[2] / "docs" / "forges.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_is_complete(block: str) -> None:
    documents: list[dict[str, Any]] = list(yaml.safe_load_all(block))
    secrets = {one["metadata"]["name"]: one["stringData"] for one in documents if one["kind"] == "Secret"}
    (repository,) = (one for one in documents if one["kind"] == "GitOpsRepository")
    spec = GitOpsRepository.model_validate(repository).spec
    assert spec.secret_ref is not None
    used = {spec.secret_ref.name, (spec.api_secret_ref or spec.secret_ref).name}
    assert used == set(secrets)
    credential = credentials.from_secret(secrets[(spec.api_secret_ref or spec.secret_ref).name])
    assert isinstance(credential, Token | GitHubApp)
    url = urlsplit(spec.url or "")
    address = Address(url.scheme, url.hostname or "", url.path)
    provider = spec.provider.value if spec.provider else guess_provider(address, {})
    assert provider in {"github", "gitlab", "gitea"}
    assert isinstance(credential, Token) or provider == "github"
    assert Connection(address, credential=credential).address.repository.count("/") == 1


def test_there_is_an_example_for_every_forge() -> None:
    assert len(BLOCKS) == 5
    for provider in FORGES:
        assert f"| `{provider}` |" in PAGE
