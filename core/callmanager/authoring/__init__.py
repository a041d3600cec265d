"""What helps people who write plugins: the folder to begin with."""
