"""How rulebook files are read: strictly, and with the line of every fault."""
