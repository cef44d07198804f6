"""The extension in each webmail that can be started here: can a person read and write, and with how many presses.

`make nightly` runs it. The webmails are Debian packages, or are in the folder that SEALWAX_WEBMAILS names.
"""
