"""Asks the API server's own code about our CRDs and about objects by them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.servers.build import HERE, GoProgram

_FOLDER = "oracle_crd"

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Complaints about each definition, and about each change; an empty list is consent."""

    definitions: list[list[str]]
    changes: list[list[str]]


def ask(definitions: Sequence[Object], changes: Sequence[tuple[Object | None, Object]]) -> Answer:
    """Judge CRDs, and changes from an old object (None where there is none) to a new one."""
    state = hashlib.sha256((HERE / _FOLDER / "main.go").read_bytes()).hexdigest()[:16]
    program = GoProgram(_FOLDER, ".", name=f"{_FOLDER}-{state}").build()
    question = {"definitions": definitions, "changes": [{"old": old, "new": new} for old, new in changes]}
    done = subprocess.run([program], input=json.dumps(question), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    return Answer(answer["definitions"], answer["changes"])
