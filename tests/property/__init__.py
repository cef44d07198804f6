"""Properties that hold for any input (Hypothesis), with a fixed budget."""
