"""The files that these tests are about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "actions" / "propose"
EXAMPLES = ROOT / "examples"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GITHUB = sorted((EXAMPLES / "github-actions").glob("*.yml"))
FORGEJO = sorted((EXAMPLES / "forgejo-actions").glob("*.yml"))
GITLAB = EXAMPLES / "gitlab-ci" / "gitlab-ci.yml"
READMES = [
    ACTION / "README.md",
    *(EXAMPLES / f"{name}/README.md" for name in ("github-actions", "gitlab-ci", "forgejo-actions")),
]


class _Loader(yaml.SafeLoader):
    """YAML as workflows mean it: `on` is a key, not the truth."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first not in "oOyYnN"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str | Path) -> Any:
    """The document in a file, or a text."""
    return yaml.load(text.read_text(encoding="utf-8") if isinstance(text, Path) else text, _Loader)


def steps(workflow: Path) -> list[dict[str, Any]]:
    """Every step of a workflow or action."""
    document = load(workflow)
    jobs = document["jobs"].values() if "jobs" in document else [document["runs"]]
    return [step for job in jobs for step in job["steps"]]
