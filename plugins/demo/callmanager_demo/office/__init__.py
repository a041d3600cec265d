"""A small SIP office on loopback: registrar, transactions, dialogs, audio and the peers who answer.

It runs as a process of its own (`python -m callmanager_demo.office`), so that the pace of its audio does not depend on the
window. Nothing here imports the rest of the product.
"""
