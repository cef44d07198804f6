"""The migrations, one for each release, in the order of their numbers. A released one never changes.

Each from 0.2 on only adds to the tables, because processes of the version before use them too.
"""
