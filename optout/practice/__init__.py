"""The practice site: as awkward as the real one is said to be."""
