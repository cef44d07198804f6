"""Looking things up: what the core may not do, for the command and the bridge. Not part of the browser's bundle.

What comes back is evidence and nothing more: `pkix` decides what it is worth.
"""
