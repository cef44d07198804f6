"""Measurements of speed and memory, compared with other programs. They do not run with the tests."""
