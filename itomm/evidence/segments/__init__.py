"""Records on the way into the store: typed columns, record lines, Parquet segments, raw payloads."""
