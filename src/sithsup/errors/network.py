"""What can be in the way to the certification authority: one error for each step of a connection.

Whoever upgrades a card is told that the issuer cannot be reached; the diagnosis tells which of these it is. Every one
of them names a host, never more of an address.
"""

from __future__ import annotations

from sithsup.errors.authority import AuthorityUnreachableError, ServerUntrustedError
from sithsup.texts import mark


class NoNetworkError(AuthorityUnreachableError):
    """No way leads out of this computer."""

    code = "SU-2101"
    what_text = mark("This computer has no network.")
    why_text = mark("No way leads out of it: no cable, no wireless network, or a network that lets nobody in.")
    next_text = mark("Connect the computer to the network, and try again.")


class NameUnknownError(AuthorityUnreachableError):
    """The name service knows no such name. Values: `host`."""

    code = "SU-2102"
    what_text = mark("The network's name service (DNS) does not know {host}.")
    why_text = mark("The name is known in another network only, or it is misspelt in the settings or the campaign.")
    next_text = mark(
        "Use your organisation's network; away from it, connect through its VPN. "
        "If that does not help, tell your local IT support the name."
    )


class NameServiceSilentError(AuthorityUnreachableError):
    """The name service does not answer. Values: `host`."""

    code = "SU-2103"
    what_text = mark("The network's name service (DNS) does not answer.")
    why_text = mark("Without it the computer cannot find {host}.")
    next_text = mark("Leave the network and connect to it again. If that does not help, tell your local IT support.")


class ConnectionRejectedError(AuthorityUnreachableError):
    """The host is there and lets nobody in. Values: `host`, `port`."""

    code = "SU-2104"
    what_text = mark("{host} refuses the connection.")
    why_text = mark("Nobody listens at port {port} there, or a firewall turns the program away.")
    next_text = mark("Try again in a while. If that does not help, tell your local IT support the name and the port.")


class ConnectionTimedOutError(AuthorityUnreachableError):
    """Nothing comes back from the host. Values: `host`, `port`."""

    code = "SU-2105"
    what_text = mark("No connection to {host} comes about.")
    why_text = mark("Nothing comes back from port {port} there. Mostly a firewall on the way lets nothing through.")
    next_text = mark("Try another network. If that does not help, tell your local IT support the name and the port.")


class ServerSilentError(AuthorityUnreachableError):
    """Somebody takes the connection, and says nothing. Values: `host`."""

    code = "SU-2106"
    what_text = mark("{host} takes the connection and then says nothing.")
    why_text = mark("The server is out of order or has too much to do, or something on the way holds its answer back.")
    next_text = mark("Try again in a while. If that does not help, tell your local IT support the name.")


class ProxyUnreachableError(AuthorityUnreachableError):
    """No connection to the proxy comes about. Values: `proxy`, `problem`."""

    code = "SU-2107"
    what_text = mark("The network's proxy cannot be reached.")
    why_text = mark("{proxy}: {problem}")
    next_text = mark("Ask your local IT support which proxy is the right one, and have it set.")


class ProxyFailedError(AuthorityUnreachableError):
    """The proxy answers, and does not lead on. Values: `address`, `status` (such as 403)."""

    code = "SU-2108"
    what_text = mark("The network's proxy does not let the program reach the certificate issuer.")
    why_text = mark("It answers with the error {status} when it is asked for {address}.")
    next_text = mark("Ask your local IT support to let the program reach {address} through the proxy.")


class InterceptedError(ServerUntrustedError):
    """Somebody who is not trusted vouches for the server. Values: `host`, `issuer`."""

    code = "SU-2109"
    what_text = mark("The connection to {host} is intercepted, or leads to the wrong server.")
    why_text = mark("Neither this computer nor the campaign trusts whoever vouches for it: {issuer}")
    next_text = mark(
        "On a guest network, log in to it with a web browser first. "
        "Otherwise ask your local IT support to leave the connection to {host} uninspected."
    )


class StatusSilentError(AuthorityUnreachableError):
    """Nobody tells whether certificates of an issuer are revoked. Values: `host`, `issuer`, `problem`."""

    code = "SU-2110"
    what_text = mark("The service that tells whether certificates are revoked does not answer.")
    why_text = mark("It is asked about certificates from {issuer}. What happened: {problem}")
    next_text = mark(
        "Try again in a while. If that does not help, tell your local IT support that the computer must reach {host}."
    )


class SjunetOnlyError(AuthorityUnreachableError):
    """The address belongs to Sjunet, the closed network of Swedish health care. Values: `host`."""

    code = "SU-2111"
    what_text = mark("{host} can be reached in Sjunet only.")
    why_text = mark("Sjunet is a closed network for health care, and this computer is not connected to it.")
    next_text = mark("Use a computer in the care organisation's own network, or connect to that through its VPN.")


class ProxyScriptError(AuthorityUnreachableError):
    """The system finds its proxy by a script (PAC), which this program does not read."""

    code = "SU-2112"
    what_text = mark("The system finds its proxy by a script (PAC), and the program cannot read that.")
    why_text = mark("The program goes without a proxy, and the network does not let it through.")
    next_text = mark("Ask your local IT support which proxy the script names, and have it set for the program.")
