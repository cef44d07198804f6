"""Notices by mail to the owners of keys. They report events of the audit trail to people who use no client.

`outbox` stores notices until `sender` has given them to the mail server, and `mail` writes their texts.
"""
