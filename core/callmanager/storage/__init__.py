"""SQLite with ordered migrations; nothing that the user was told is saved gets lost."""
