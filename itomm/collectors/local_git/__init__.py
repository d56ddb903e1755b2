"""Reads history, documents and reviews from a git repository on disk."""

from itomm.collectors.local_git.collector import LocalGitCollector

__all__ = ["LocalGitCollector"]
