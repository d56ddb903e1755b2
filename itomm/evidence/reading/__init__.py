"""Records on the way out: the current state, compacted, and as of an instant."""
