"""The window: a wizard, the worker behind it, and nothing that the command line has not got too."""
