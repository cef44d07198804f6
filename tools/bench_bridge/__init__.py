"""The measurements of the bridge beside Roundcube, over one and the same mail server (`make bench-bridge`)."""
