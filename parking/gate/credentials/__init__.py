"""Credential readers: cards, tags, on-board units and codes. One Protocol, one contract suite, one file per real reader."""
