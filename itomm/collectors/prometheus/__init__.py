"""Prometheus: rules, firing episodes, targets, objectives, availability, capacity, certificates, backups."""
