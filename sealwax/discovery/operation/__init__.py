"""The command `sealwax discovery`: settings, the service's process, its keys, and the native client."""
