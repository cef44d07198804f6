"""The step from the tables of 0.1 to the tables of 0.2, by subject. `versions` has the order."""
