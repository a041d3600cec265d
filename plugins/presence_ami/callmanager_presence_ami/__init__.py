"""Presence and parked calls from the Asterisk Manager Interface."""
