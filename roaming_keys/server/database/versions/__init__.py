"""The migrations, one for each release, in the order of their numbers. A released migration never changes.

Each migration from 0.2 on only adds to the tables, because processes of the version before may still use the tables.
"""
