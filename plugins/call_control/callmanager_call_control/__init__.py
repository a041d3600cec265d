"""Call control plugin."""
