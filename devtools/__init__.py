"""What `dev.py` is made of. Standard library only: nothing here may import a package that pip has to install."""
