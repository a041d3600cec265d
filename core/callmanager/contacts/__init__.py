"""People from all sources: their last good copies, who a number belongs to, who is the same person, and the search."""
