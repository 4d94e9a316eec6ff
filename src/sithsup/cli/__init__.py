"""The command line: the same operations as the window, for support staff, scripts and silent deployment.

Human text goes to stderr in the system's language, the result to stdout (`--json` for machines). Codes are asked on the
terminal, on the reader's own PIN pad, or read from standard input; never from arguments or the environment.
"""

from sithsup.cli.main import run

__all__ = ["run"]
