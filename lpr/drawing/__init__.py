"""Drawn plates and gate pictures: for simulated cameras, for training, for tests. Pure functions of parameters and a random generator."""
