from __future__ import annotations

from gitops_upgrader.api.cluster_upgrader import UpgraderOptions
from tests.manifests.gallery import PAGE, SECTIONS, page, spec
from tests.manifests.golden import cases


def test_the_page_shows_the_golden_cases() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.manifests.gallery"


def test_every_case_is_in_a_section() -> None:
    assert {case.section for case in cases()} == set(SECTIONS)


def test_what_upgraders_say_in_it_is_legal() -> None:
    for case in cases():
        UpgraderOptions.model_validate({"planRef": {"name": "plan"}, **spec(case.query, case.values.topology_class)})
