"""Notices by mail to the owners of keys: what the trail says, told to the owner outside the key server's clients.

`outbox` keeps them until `sender` has handed them to the mail server, and `mail` writes them.
"""
