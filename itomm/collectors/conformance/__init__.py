"""The contract tests every collector must pass, for plug-in authors: one line gives them all.

TestMyTool = conformance_suite(
    MyCollector, lambda url: {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN"}, HealthyTool(answer)
)
"""

from __future__ import annotations

from itomm.collectors.conformance.contract_check import contract_faults
from itomm.collectors.conformance.exchange import Answer, Asked, Tool
from itomm.collectors.conformance.healthy_tool import HealthyTool, scripted
from itomm.collectors.conformance.memory_sink import MemorySink
from itomm.collectors.conformance.misbehaving_server import MisbehavingServer
from itomm.collectors.conformance.paging import Paging
from itomm.collectors.conformance.pretend_time import PretendTime
from itomm.collectors.conformance.suite import conformance_suite

__all__ = [
    "Answer",
    "Asked",
    "HealthyTool",
    "MemorySink",
    "MisbehavingServer",
    "Paging",
    "PretendTime",
    "Tool",
    "conformance_suite",
    "contract_faults",
    "scripted",
]
