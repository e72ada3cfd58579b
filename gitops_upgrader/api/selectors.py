"""Label selectors (meta/v1 LabelSelector) and what they match."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from pydantic import Field

from gitops_upgrader.api.meta import LabelKey, LabelValue
from gitops_upgrader.api.resource import Model, Rule, many


class Operator(enum.StrEnum):
    """How a requirement compares a label with its values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class LabelRequirement(Model):
    """A requirement on one label."""

    RULES = (
        Rule(
            cel="(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
            holds=lambda it: (it.operator in {Operator.IN, Operator.NOT_IN}) == bool(it.values),
            message="In and NotIn need values; Exists and DoesNotExist take none",
            field="values",
        ),
    )

    key: LabelKey
    """The label's key."""
    operator: Operator
    """How the label is compared: In, NotIn, Exists or DoesNotExist."""
    values: tuple[LabelValue, ...] = many("The values that the operators In and NotIn compare with.")

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet the requirement; as in Kubernetes, a missing label is `NotIn` any values."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.EXISTS:
                return value is not None
            case _:  # DoesNotExist
                return value is None


class LabelSelector(Model):
    """Selects objects by their labels; every part has to match, and the empty selector matches everything."""

    match_labels: dict[LabelKey, LabelValue] = Field(
        default_factory=dict,
        description="Labels that an object has to have, each with exactly this value.",
        exclude_if=lambda value: not value,
    )
    match_expressions: tuple[LabelRequirement, ...] = many("Requirements on labels, all of which have to be met.")

    @property
    def keys(self) -> frozenset[str]:
        """The labels that it looks at."""
        return frozenset(self.match_labels) | {requirement.key for requirement in self.match_expressions}

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            requirement.matches(labels) for requirement in self.match_expressions
        )
