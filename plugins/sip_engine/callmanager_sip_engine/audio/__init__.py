"""Sound devices, ringing and tones of the engine, at the bridge's 20 ms clock.

Start reading at `system.py`; `keeper.py` is the hot-plug policy, `elastic.py` the join between two clocks.
"""
