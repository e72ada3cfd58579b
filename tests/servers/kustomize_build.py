"""The real Kustomize, as the judge of what a repository deploys."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.servers.build import GoProgram

PROGRAM = GoProgram("kustomize", "sigs.k8s.io/kustomize/kustomize/v5")
_SECONDS = 60


def kustomize_build(folder: Path, files: Mapping[str, bytes | str], layer: str) -> list[dict[str, Any]] | str:
    """Return the objects that `kustomize build` makes of a layer, in its order; its complaint where it makes none.

    Args:
        folder: an empty or earlier folder of this repository; what it has is overwritten.
        files: the repository, by path.
        layer: the folder in it to build.
    """
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data.encode() if isinstance(data, str) else data)
    # Flux and Argo CD lift the restriction as well, so that layers may name files anywhere in the repository.
    order = [str(PROGRAM.build()), "build", "--load-restrictor=LoadRestrictionsNone", str(folder / layer)]
    ran = subprocess.run(order, capture_output=True, timeout=_SECONDS, check=False)
    if ran.returncode:
        return ran.stderr.decode(errors="replace")
    return [made for made in yaml.load_all(ran.stdout, yaml.CSafeLoader) if made]
