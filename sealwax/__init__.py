"""The `sealwax` command, and the part of the program that touches files, clocks and the network.

`smime_core` does not import it.
"""
