"""Measurements beside the peers in one browser page; not part of the tests."""
