"""Calls as the app keeps them: store, service and screening on top of a `CallEngine`."""
