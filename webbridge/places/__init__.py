"""The places of each session, which all processes of the bridge count together."""
