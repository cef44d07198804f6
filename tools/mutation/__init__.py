"""Removes each check of the core in turn and demands that some test notices."""
