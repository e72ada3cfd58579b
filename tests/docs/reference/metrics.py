"""The page of metrics."""

from __future__ import annotations

from prometheus_client.metrics import MetricWrapperBase

from gitops_upgrader.runtime.metrics import Metrics
from tests.docs.reference.markdown import HEADER, code, table

_INTRODUCTION = f"""{HEADER}
# Metrics

`gitops-upgrader controller` serves these at `/metrics` of `--listen`, in Prometheus' text format. Counters end in
`_total`, and a histogram has `_bucket`, `_sum` and `_count`. Beside them are the usual `process_*` and `python_*`.
"""


def page() -> str:
    """Every metric of ours with its labels."""
    found = [value for value in vars(Metrics()).values() if isinstance(value, MetricWrapperBase)]
    return f"{_INTRODUCTION}\n{table(('metric', 'type', 'labels', 'meaning'), [_row(metric) for metric in found])}"


def _row(metric: MetricWrapperBase) -> tuple[str, ...]:
    (family,) = metric.describe()
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return code(name), family.type, ", ".join(code(label) for label in metric._labelnames), family.documentation
