"""Notices by mail to the owners of keys: what the trail says, told to the owner outside the key server's clients."""
