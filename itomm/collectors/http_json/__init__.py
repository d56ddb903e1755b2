"""Reads JSON over HTTP as declared in ``itomm.yaml``: paths, paging, and a mapping of rows to records."""

from __future__ import annotations

from itomm.collectors.http_json.collector import HttpJsonCollector

__all__ = ["HttpJsonCollector"]
