"""The validity study: how often inferred answers are right, over organisations whose truth is known."""
