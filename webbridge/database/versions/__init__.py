"""The migrations, one for each release, in the order of their numbers. A released migration never changes.

From 0.2 on, migrations only add to the tables, because processes of the previous version use them too.
"""
