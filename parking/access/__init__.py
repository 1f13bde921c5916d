"""Who may pass, and why: pure rules over facts, and the copy of the facts that every lane decides from."""
