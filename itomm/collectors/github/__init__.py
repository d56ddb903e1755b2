"""Reads repositories, reviews, workflow runs, deployments and findings from GitHub."""

from itomm.collectors.github.collector import GitHubCollector

__all__ = ["GitHubCollector"]
