"""Redmine: issues as incidents, changes, problems, service requests, improvements and risks."""

from __future__ import annotations

from itomm.collectors.redmine.collector import RedmineCollector

__all__ = ["RedmineCollector"]
