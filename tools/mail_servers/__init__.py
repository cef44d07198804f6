"""Runs a day's work by the bridge with each mail server that can be started on this machine."""
