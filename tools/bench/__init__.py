"""Measurements of speed and memory, compared with other programs. They are no tests."""
