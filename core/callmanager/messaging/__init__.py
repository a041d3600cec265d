"""Text messages: kept on disk, sent once, found again; the transports that carry them come from plugins."""
