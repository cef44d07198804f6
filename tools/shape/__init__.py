"""The measures of the source."""
