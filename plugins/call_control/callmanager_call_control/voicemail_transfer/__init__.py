"""To VM: a caller goes to our voicemail without being answered."""
