"""The command `sealwax bridge`: settings, the server's process, checks, and the first configuration."""
