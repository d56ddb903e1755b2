"""Typed facts with provenance: what was seen, when, by which request; append-only."""
