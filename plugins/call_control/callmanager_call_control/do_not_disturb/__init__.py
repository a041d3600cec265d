"""Do not disturb."""
