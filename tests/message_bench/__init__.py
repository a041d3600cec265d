"""A message service without an application, and a carrier on loopback that counts what it takes."""
