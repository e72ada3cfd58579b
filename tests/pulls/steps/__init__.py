"""Every step that a line of a scenario can be."""

from __future__ import annotations

from tests.pulls.steps import configuration, outcome, people, program

STEPS = (*program.step.known, *configuration.step.known, *people.step.known, *outcome.step.known)
