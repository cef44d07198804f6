"""The programs of those who build Sealwax. Each explains itself: `python -m tools.NAME --help`."""
