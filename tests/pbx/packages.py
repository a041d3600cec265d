"""What the bench needs from package managers, with the reason for each."""

DEBIAN_PACKAGES = (
    "debootstrap",  # unpacks the PBX into its own root
    "iproute2",  # network namespaces and the cable to the PBX
    "openssl",  # the test authority and its certificates
    "sip-tester",  # SIPp: scripted far ends
    "baresip",  # an independent SIP phone
    "chromium",  # the browser in which JsSIP runs
    "npm",  # fetches JsSIP
    "tshark",  # looks at what is really on the wire
)
"""Packages of the machine that runs the tests."""

IMAGE_PACKAGES = (
    "asterisk",  # the PBX
    "asterisk-core-sounds-en-gsm",  # prompts of voicemail, parking and conference
    "asterisk-moh-opsound-gsm",  # real music on hold
)
"""Packages inside the PBX's own root."""

NPM_PACKAGES = (
    "jssip@3.13.8",  # the browser SIP stack that the browser far end runs
    "esbuild@0.25.12",  # makes one script of its modules
)
"""Packages that the browser far end fetches into the cache folder."""
