"""A throw-away card and a small real certification authority, so that anybody can try the program."""
