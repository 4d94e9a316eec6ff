"""What the system says of proxies, where no setting does."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from sithsup.errors import ProxyUnusableError
from sithsup.settings.readers import leads_somewhere
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = ("http", "https", "all")
_NOT_BY_PROXY = re.compile(r"([a-z]+://)?[^:@\[\]]*(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


def refuse_unusable_proxies(found: Mapping[str, str]) -> None:
    """Check what the system says of proxies, as `urllib.request.getproxies` gives it. Raises `ProxyUnusableError`.

    Whatever is shown here is no proxy's address: that may hold a password.
    """
    for scheme in _SCHEMES:
        if not (text := found.get(scheme)):
            continue
        address, name = text if "://" in text else f"http://{text}", f"{scheme}_proxy"
        if address.lower().startswith("socks"):
            problem = tr("The proxy in {name} is of a kind (SOCKS) that the program cannot use.", name=name)
            raise ProxyUnusableError(name=name, problem=problem)
        if not leads_somewhere(address):
            raise ProxyUnusableError(name=name, problem=tr("The proxy in {name} is not an http address.", name=name))
    for server in found.get("no", "").split(","):
        if not _may_be_left_out(server.strip()):
            problem = tr("“{value}” in {name} is not the name of a server.", value=server.strip(), name="no_proxy")
            raise ProxyUnusableError(name="no_proxy", problem=problem)


def _may_be_left_out(server: str) -> bool:
    """Whether this can be read as a server, or a part of the net, that is reached without a proxy."""
    try:
        ip_address(server.partition("/")[0])
    except ValueError:
        return server.isascii() and server.isprintable() and bool(_NOT_BY_PROXY.fullmatch(server))
    return True
