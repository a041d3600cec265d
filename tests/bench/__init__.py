"""The benchmark: the product against what its users would pick instead, on the same PBX in the same run.

Evidence comes from outside of what is measured: packets on the PBX's cable with the kernel's time stamps, the registrar's own
events, pixels on the X server, /proc, and sound on virtual devices. Neither side reports its own figures.
"""
