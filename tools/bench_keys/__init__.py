"""Measurements of the key server."""
