"""Changes of the store's tables from version to version, run by Alembic through ``itomm db``."""
