"""Automatic answer."""
