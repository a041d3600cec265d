"""Voicemail of all stores that plugins provide."""
