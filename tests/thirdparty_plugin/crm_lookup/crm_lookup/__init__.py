"""Crm lookup for PC CallManager."""
