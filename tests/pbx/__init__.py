"""The real PBX of the test suite: Asterisk 22 in a root and a network of its own, configured like VitalPBX.

Reading order: `bench.py` (what tests use), `accounts.py` (who can register), `conf/` (the configuration itself),
`image.py`, `network.py`, `supervisor.py` (how it runs). By hand: ``python3 tests/pbx/pbx.py up``. Everything here but
`fixtures.py` is standard library only, so that the command works before there is any environment.
"""
