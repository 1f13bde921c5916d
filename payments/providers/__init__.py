"""Those who collect the money: one Protocol, one shipped fake, one file per provider, one contract suite."""
