"""How fast the program is, measured against what an expert would type, and on a card of real speed: `./dev bench`."""
