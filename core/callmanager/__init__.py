"""The core of PC CallManager: event bus, hookspecs, plugin host and the stores, without Qt and without features."""

__version__ = "0.1.0"
