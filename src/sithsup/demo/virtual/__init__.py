"""A smart card in software behind the real stack: pcscd, its reader driver vpcd, and OpenSC's PKCS#11 module.

The heart is pure: `memory` (what is stored), `apdu` (commands and status words), `files`, `codes` and `keys` (the
instructions), `writes` (how a write ends up half done), `card` (command in, answer out), `power` (when power goes).
Around it: `reader` (the vpcd protocol), `holder` (the card that lives on), `door` and `door_server` (what a hand does
to it), `machine` (the process), `service` (its life, in a namespace of its own), `pkcs15_asn1`, `personalize` and
`workshop` (how it becomes an old SITHS card).

The command set is the one that OpenSC's driver for MyEID cards speaks. It has never been compared with a real MyEID,
and a SITHS card is neither: what is proven here is proven of "OpenSC and this card".
"""
