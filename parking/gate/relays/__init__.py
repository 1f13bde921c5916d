"""Relay boards: coils that move booms, inputs that feel vehicles. One Protocol, one contract suite, one file per board."""
