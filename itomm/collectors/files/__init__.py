"""Reads a drop folder of CSV, JSON, YAML and XLSX files as a mapping in ``itomm.yaml`` says."""

from __future__ import annotations

from itomm.collectors.files.collector import FilesCollector

__all__ = ["FilesCollector"]
