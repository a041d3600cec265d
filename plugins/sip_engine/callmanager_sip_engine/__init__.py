"""The call engine: a process of its own that holds pjsua2, the WebRTC edge and the audio devices."""
