"""The extension in each webmail that can be started here: whether a person can read and write mails, and with how many
presses.

`make nightly` runs it. The webmails are Debian packages, or are in the folder that SEALWAX_WEBMAILS names.
"""
