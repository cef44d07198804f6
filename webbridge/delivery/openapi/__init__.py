"""The description of the parcels' API."""
