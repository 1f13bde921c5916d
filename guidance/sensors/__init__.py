"""Bay sensors: one file per real device, one contract suite for all."""
