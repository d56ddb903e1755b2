"""Alertmanager: silences, and where alerts go."""

from __future__ import annotations

from itomm.collectors.alertmanager.collector import AlertmanagerCollector

__all__ = ["AlertmanagerCollector"]
