"""Residue tests: they search for secrets in the memory of a browser's processes and in its profile."""
