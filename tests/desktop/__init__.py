"""A virtual desktop and the phone on it, as a person would use it: a screen, a window manager, keys, pointer, pictures."""
