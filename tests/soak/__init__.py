"""The soak: hundreds of calls, a full house of held ones and cut cables on the real PBX, and what is left of it afterwards."""
