"""What every collection shares: guarded HTTP, redaction, pseudonyms, completeness, mapping, the runner."""
