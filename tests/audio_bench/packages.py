"""System packages that the audio bench needs."""

DEBIAN_PACKAGES = ("dbus", "libpulse0", "pipewire", "pipewire-pulse", "pulseaudio-utils", "wireplumber")
PROGRAMS = ("dbus-daemon", "pipewire", "pipewire-pulse", "wireplumber", "pactl", "parec", "pw-cat", "pw-link")
