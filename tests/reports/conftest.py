"""The sample assessment and the report made from it."""

from __future__ import annotations

import pytest

from tests.reports.sample_assessment import Sample, SampleBuilder, make_sample


@pytest.fixture(scope="session")
def build_sample() -> SampleBuilder:
    return make_sample


@pytest.fixture(scope="session")
def sample() -> Sample:
    return make_sample()


@pytest.fixture(scope="session")
def report(sample: Sample) -> str:
    return sample.html()
