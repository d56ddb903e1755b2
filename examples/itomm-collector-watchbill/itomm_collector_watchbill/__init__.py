"""Reads Watchbill."""

from __future__ import annotations

from itomm_collector_watchbill.collector import WatchbillCollector

__all__ = ["WatchbillCollector"]
