"""The database of a store: its tables, ledger, seal and migrations, on SQLite and PostgreSQL."""
