"""The seam between the app and whatever makes the calls: commands go in, facts come out."""
