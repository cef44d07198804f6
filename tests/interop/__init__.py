"""Exchanges of messages and keys between the core and other programs, which the tests start."""
