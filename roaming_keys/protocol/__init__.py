"""Protocol 2 between a person and the key server: the messages, and the cryptography on the person's device.

No module here reads files, clocks or the network, so native programs and the vault in a browser share them.
"""
