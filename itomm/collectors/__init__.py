"""Plug-ins that read one source system each, and the framework that keeps them honest."""
