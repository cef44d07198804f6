"""Files and standard streams, in and out."""
