"""What the plates of a country look like in writing."""
