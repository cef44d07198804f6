"""The master key: where it comes from, what is sealed under it, and how it is replaced.

A thief of the database has nothing that opens without it.
"""
