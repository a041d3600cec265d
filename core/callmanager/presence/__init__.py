"""Who is free and which calls are parked, as told by the sources of plugins."""
