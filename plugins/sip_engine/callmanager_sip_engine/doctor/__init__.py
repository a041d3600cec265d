"""`callmanager doctor`: walks the whole way to the PBX without a window and names the link that is broken."""
