"""Protocol 2 between a person and the key server: the messages, and the cryptography of the person's side.

Nothing here reads files, clocks or the network, so programs and the vault in a browser use the same modules.
"""
