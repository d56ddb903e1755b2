"""Measured values beside published figures. Nothing here changes an answer or a level."""
