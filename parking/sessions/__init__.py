"""Stays: who is inside, since when, and what a person still has to look at."""
