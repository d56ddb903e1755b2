"""Icinga 2 passes the suite that every plug-in author gets."""

from __future__ import annotations

from itomm.collectors.conformance import HealthyTool, conformance_suite
from itomm.collectors.icinga import IcingaCollector
from tests.collectors import icinga_stand_in

TestIcinga = conformance_suite(
    IcingaCollector,
    lambda url: {"url": url, "user": "auditor", "token": "env:ITOMM_CONTRACT_TOKEN"},
    HealthyTool(icinga_stand_in.answer),
)
