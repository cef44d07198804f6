"""The extension in every webmail that this machine can start: what a person reads and writes there, and by how many presses.

`make nightly` runs it. The webmails are Debian's packages.
"""
