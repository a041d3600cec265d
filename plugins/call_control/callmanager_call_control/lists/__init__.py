"""Lists of two-line rows, for the sections of Settings of this package."""
