"""The command `sealwax keys`: settings, the server's process, checks, and the first configuration."""
