"""The migrations, in the order of their numbers. A released one never changes.

Each only adds to the tables, because processes of the version before use them too.
"""
