"""The command `sealwax keys`: settings, the server's process, checks, and the first configuration.

`commands` names the verbs, and `settings` reads the operator's file.
"""
