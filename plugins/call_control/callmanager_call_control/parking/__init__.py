"""Parking plugin."""
