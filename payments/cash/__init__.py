"""The metal of a cash desk: a drawer that opens, and a hopper that gives change. Book-keeping is not done here."""
