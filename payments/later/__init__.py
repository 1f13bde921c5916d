"""Leave first, pay later: who may owe how much, what was promised at the lane, and the debts that come of it."""
