"""Reads repositories, reviews, pipelines, deployments and findings from GitLab."""

from itomm.collectors.gitlab.collector import GitLabCollector

__all__ = ["GitLabCollector"]
