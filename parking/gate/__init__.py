"""The edge: a lane that decides from its local copy, moves its boom by relay, and believes only its loops."""
