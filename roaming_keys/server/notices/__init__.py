"""Notices by mail to the owners of keys: the events of the trail, reported outside the key server's clients.

`outbox` keeps them until `sender` has handed them to the mail server, and `mail` writes them.
"""
