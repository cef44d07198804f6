"""Measurements of the bridge compared with Roundcube, over the same mail server (`make bench-bridge`)."""
