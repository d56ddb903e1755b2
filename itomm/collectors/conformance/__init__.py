"""The contract tests every collector must pass, for plug-in authors: one call gives them all.

from itomm.collectors.conformance import contract_faults

def test_my_collector_keeps_the_contract():
    assert contract_faults(MyCollector, lambda url: {"url": url, "token": "env:ITOMM_CONTRACT_TOKEN"}) == []
"""

from __future__ import annotations

from itomm.collectors.conformance.contract_check import contract_faults
from itomm.collectors.conformance.memory_sink import MemorySink
from itomm.collectors.conformance.misbehaving_server import Answer, MisbehavingServer
from itomm.collectors.conformance.pretend_time import PretendTime

__all__ = ["Answer", "MemorySink", "MisbehavingServer", "PretendTime", "contract_faults"]
