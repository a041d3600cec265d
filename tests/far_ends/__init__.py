"""Other parties for the phone under test: an independent SIP phone, a scripted one and a browser, and ears for all of them."""
