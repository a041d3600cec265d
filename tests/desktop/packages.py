"""Debian packages for tests in a real window, and why."""

DEBIAN_PACKAGES = (
    "xvfb",  # a screen
    "openbox",  # a window manager: focus, stacking and placement as on a desktop
    "xcompmgr",  # a compositor, as every real desktop has: translucent corners and shadows
    "xdotool",  # keys and pointer
    "imagemagick",  # pictures of the screen
    "x11-utils",  # xwininfo, xprop: what the screen knows of a window
    "fonts-inter",  # the type face of the pictures
)
