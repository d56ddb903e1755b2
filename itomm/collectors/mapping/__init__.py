"""A declared mapping from the rows of any source to records, shared by the collectors that need no code."""
