"""Icinga 2: what is monitored, which checks notify whom, and downtimes."""

from __future__ import annotations

from itomm.collectors.icinga.collector import IcingaCollector

__all__ = ["IcingaCollector"]
