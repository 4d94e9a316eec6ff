"""Stands before the real one on the measured program's path: click comes with the developer's tools, not with sithsup.

Where it is installed, httpx loads it, and with it rich and pygments, for a command line of its own.
"""

raise ImportError("nobody who installs sithsup has it")
