"""The master key: where it comes from, what is sealed under it, and how it is replaced.

Without the master key, a thief of the database opens nothing.
"""
