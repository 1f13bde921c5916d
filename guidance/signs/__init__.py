"""Free-bay signs: one file per real device, one contract suite for all."""
