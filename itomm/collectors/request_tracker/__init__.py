"""Request Tracker: tickets as incidents, changes, problems, service requests, improvements and risks."""

from __future__ import annotations

from itomm.collectors.request_tracker.collector import RequestTrackerCollector

__all__ = ["RequestTrackerCollector"]
