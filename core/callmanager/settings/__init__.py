"""Settings: declared once, layered default < site < user, kept in TOML."""
