"""Tests of `sealwax.discovery`: the service, its commands, and the native client."""
