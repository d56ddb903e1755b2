"""Reads tickets from Jira Cloud and Jira Data Center."""

from itomm.collectors.jira.collector import JiraCollector

__all__ = ["JiraCollector"]
