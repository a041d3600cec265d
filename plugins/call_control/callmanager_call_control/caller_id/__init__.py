"""Caller ID."""
