"""Prometheus: rules, firing episodes, targets, objectives, availability, capacity, certificates, backups."""

from __future__ import annotations

from itomm.collectors.prometheus.collector import PrometheusCollector

__all__ = ["PrometheusCollector"]
