"""SIP and RTP on pjsua2: everything in here runs on the SIP thread, but for what says otherwise."""
