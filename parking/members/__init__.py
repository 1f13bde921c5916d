"""Members: as little as they wish to tell, their vehicles with proof, their tier and their points; all of it theirs to end."""
