"""The extension in each webmail that can be started here: what a person reads and writes, and by how many presses.

`make nightly` runs it. The webmails are Debian's packages, and those in the folder that SEALWAX_WEBMAILS names.
"""
