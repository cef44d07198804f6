"""Removes each check of the core in turn, and demands that a test notices the removal."""
