"""The demo's authority, made to upgrade a card that it did not make. Everything lies in one folder.

* Its ledger takes in the card's old certificates as they are; so it hears what is signed with them.
* Their issuers are played by throw-away authorities of the same names, for nobody here has the true ones' keys: what
  they say of an old certificate's status is what the ledger says. The campaign names them as the issuers.
* It is the program's proxy for every address. So nothing is sent to anybody outside this computer, and the true
  authority never hears of what is done here.
"""

from __future__ import annotations

import os
import shutil
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from prove.reading import personal
from sithsup.campaign import Campaign, Text
from sithsup.certificate import Certificate
from sithsup.demo import campaign as demo_campaign
from sithsup.demo import signing
from sithsup.demo import start as life
from sithsup.demo.authorities import YEAR, extend, key_identifiers, new_builder
from sithsup.demo.authority import DemoAuthority
from sithsup.demo.entity import Entity, generate_key, load_key, sign_certificate, store_key
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.knobs import Knobs
from sithsup.demo.ledger import Card, Ledger
from sithsup.demo.people import PEOPLE
from sithsup.demo.profiles import Holder, key_usage
from sithsup.demo.server import LEDGER_FILE, STATUS_PATH, DemoServer
from sithsup.demo.status import DemoStatus
from sithsup.model import KeyAlgorithm, KeyRole, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sithsup.model import CardContents

AUTHORITY_KEYS = KeyAlgorithm.RSA_3072
"""As the real ones have, so that the new certificates need as much room."""
NEW_KEYS = (KeyAlgorithm.RSA_2048, KeyAlgorithm.P_256)
"""Which of these the card can make, the first."""
KNOBS = Knobs(confirm_wait=timedelta(hours=2))
"""A real card may take minutes for each key."""
_PROFILES = {KeyRole.AUTHENTICATION: "old-authentication", KeyRole.SIGNATURE: "old-signature"}


def old_certificates(contents: CardContents) -> tuple[Certificate, ...]:
    """What is to be replaced: what names its holder by an HSA-id, where anything does; else all of the holder's."""
    every = personal(contents)
    named = tuple(c for c in every if c.identity and c.identity.kind is SubjectKind.HSA_ID)
    return named or every


def tells_status(contents: CardContents) -> bool:
    """Whether each old certificate names a place where its status is told: another computer must ask there."""
    return all(any(_status_paths([certificate])) for certificate in old_certificates(contents))


def refusal(contents: CardContents) -> str:
    """Why this card cannot be upgraded here; empty when nothing is known against it."""
    old, now = old_certificates(contents), _now()
    signers = [c for c in old if c.role is KeyRole.AUTHENTICATION]
    reasons = {
        "the card has no certificate for authentication that could sign an order": not signers,
        "its certificates for authentication are not valid now": not any(
            c.not_before <= now <= c.not_after for c in signers
        ),
        "its certificates carry several card numbers": len(contents.numbers) > 1,
        "it was upgraded here before: a card can be brought past the line once": bool(
            {c.issuer_common_name for c in old} & {p.issuer for p in demo_campaign.Wishes().profiles}
        ),
        "it cannot make keys of the kinds that are ordered": _new_key(contents) is None,
    }
    return next((reason for reason, is_so in reasons.items() if is_so), "")


def _new_key(contents: CardContents) -> KeyAlgorithm | None:
    tokens = [token for role in KeyRole if (token := contents.token_for(role))]
    return next((kind for kind in NEW_KEYS if all(kind in token.info.algorithms for token in tokens)), None)


@dataclass(frozen=True)
class Site:
    """The folder: authority, campaign, and the program's own two folders."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Find what an earlier run has left in a folder, a journal that it had hidden too."""
        found = cls(folder)
        if found._aside.exists():
            found._put_back()
        return found

    @property
    def is_made(self) -> bool:
        """Whether everything was made, in this run or an earlier one that did not come to its end."""
        return self._campaign.exists()

    @property
    def _campaign(self) -> Path:
        return self.folder / signing.SIGNED

    @property
    def is_strange(self) -> bool:
        """Whether the folder holds what nobody here has made: in the end all of it is deleted."""
        return not self.is_made and self.folder.exists() and any(self.folder.iterdir())

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _aside(self) -> Path:
        return self.folder / "data-aside"

    @property
    def campaign(self) -> Campaign:
        """What the program is told to do."""
        return Campaign.load(self.folder / signing.READABLE)

    @property
    def is_unfinished(self) -> bool:
        """Whether the program keeps a journal of something that was begun."""
        return any(self._data.glob("journal-*.sqlite3"))

    def make(self, contents: CardContents) -> None:
        """Make authority and campaign for this card; the campaign last."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        now, authority = _now(), self.folder / "authority"
        hierarchy = Hierarchy.make(authority, lambda: now, life.free_address(), AUTHORITY_KEYS)
        old = old_certificates(contents)
        issuers = _stand_ins(old, now)
        for number, issuer in enumerate(issuers.values()):
            store_key(authority / f"issuer-{number}.pem", issuer.key)
            (authority / f"issuer-{number}.der").write_bytes(issuer.der)
        with closing(Ledger(authority / LEDGER_FILE)) as ledger, ledger.transaction():
            ledger.add_card(Card(contents.number or "", _holder(contents), now + YEAR))
            for certificate in old:
                assert certificate.role  # noqa: S101  it is among the holder's
                ledger.add_certificate(
                    certificate.der, _PROFILES[certificate.role], contents.number or "", certificate.not_before
                )
        campaign = _campaign_for(contents, hierarchy, issuers, now)
        signing.make_signer(self.folder, now)
        signing.sign_campaign(self.folder, campaign.model_dump_json(indent=2).encode())

    @contextmanager
    def running(self, contents: CardContents) -> Iterator[Ledger]:
        """Run the authority for the length of a block; gives its ledger."""
        authority = self.folder / "authority"
        made = Hierarchy.load(authority)
        issuers = {_name(issuer.certificate): issuer for issuer in self._issuers()}
        hierarchy = replace(
            made, authorities={**made.authorities, **issuers}, responders={**made.responders, **issuers}
        )
        with closing(Ledger(authority / LEDGER_FILE)) as ledger:
            service = DemoStatus(hierarchy, ledger, _now)
            paths = {STATUS_PATH, *_status_paths(personal(contents))}
            port = urlsplit(made.url).port or 0
            with DemoServer(port, DemoAuthority(hierarchy, ledger, _now, KNOBS), service, hierarchy, paths):
                yield ledger

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Hide the journal for the length of a block, as from another computer. It is lost when that ends well."""
        self._data.mkdir(exist_ok=True)
        shutil.move(self._data, self._aside)
        try:
            yield
        except BaseException:
            self._put_back()
            raise
        shutil.rmtree(self._aside)

    def _put_back(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        shutil.move(self._aside, self._data)

    def environment(self, module: str) -> dict[str, str]:
        """Give the variables of the program: everything is here, and the authority is the way to everywhere."""
        kept = {name: value for name, value in os.environ.items() if name != "SITHSUP_AUTHORITY"}
        return kept | {
            "SITHSUP_MODULE": module,
            "SITHSUP_CAMPAIGN": str(self._campaign),
            "SITHSUP_CAMPAIGN_ANCHOR": str(signing.anchor_file(self.folder)),
            "SITHSUP_DATA": str(self._data),
            "SITHSUP_LOGS": str(self.folder / "logs"),
            "SITHSUP_PROXY": (self.folder / "authority" / "url").read_text("ascii"),
            "SITHSUP_LANGUAGE": "en",
        }

    def _issuers(self) -> Iterator[Entity]:
        for path in sorted((self.folder / "authority").glob("issuer-*.der")):
            yield Entity(x509.load_der_x509_certificate(path.read_bytes()), load_key(path.with_suffix(".pem")))


def _now() -> datetime:
    return datetime.now(UTC)


def _stand_ins(old: Iterable[Certificate], now: datetime) -> dict[str, Entity]:
    """An authority of the same name for each issuer."""
    names = {c.issuer_common_name: x509.load_der_x509_certificate(c.der).issuer for c in old}
    return {common_name: _stand_in(name, now) for common_name, name in names.items()}


def _stand_in(name: x509.Name, now: datetime) -> Entity:
    key = generate_key(2048, elliptic=True)
    builder = extend(
        new_builder(name, name, key.public_key(), (now - YEAR, now + YEAR)),
        [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (key_usage("key_cert_sign", "crl_sign", "digital_signature"), True),
            *key_identifiers(key.public_key(), key.public_key()),
        ],
    )
    return Entity(sign_certificate(builder, key, hashes.SHA256()), key)


def _name(certificate: x509.Certificate) -> str:
    return Certificate.parse(certificate.public_bytes(Encoding.DER)).common_name


def _status_paths(certificates: Iterable[Certificate]) -> Iterator[str]:
    """Where these certificates say that their status is told, whichever server is named."""
    for certificate in certificates:
        extensions = x509.load_der_x509_certificate(certificate.der).extensions
        for access in extensions:
            if isinstance(access.value, x509.AuthorityInformationAccess):
                yield from filter(None, map(_ocsp_path, access.value))


def _ocsp_path(access: x509.AccessDescription) -> str:
    where = access.access_location
    if access.access_method != AuthorityInformationAccessOID.OCSP:
        return ""
    return (urlsplit(where.value).path or "/") if isinstance(where, x509.UniformResourceIdentifier) else ""


def _holder(contents: CardContents) -> Holder:
    """Whom the new certificates are for: the card's holder, and for what no certificate tells, an invented person."""
    every, invented = personal(contents), PEOPLE[0]
    named = next((c for c in every if c.surname or c.given_name), None)
    numbers = {c.identity.kind: c.identity.value for c in every if c.identity}
    return Holder(
        given_name=named.given_name if named else invented.given_name,
        surname=named.surname if named else invented.surname,
        hsa_id=numbers.get(SubjectKind.HSA_ID, invented.hsa_id),
        personal_number=numbers.get(SubjectKind.PERSONAL_NUMBER, invented.personal_number),
        organization=next((c.organization for c in every if c.organization), invented.organization),
        locality=invented.locality,
    )


def _campaign_for(
    contents: CardContents, hierarchy: Hierarchy, issuers: Mapping[str, Entity], now: datetime
) -> Campaign:
    """The demo's campaign, for the keys that this card can make and the certificates that lie on it."""
    wishes = demo_campaign.Wishes(key=_new_key(contents) or NEW_KEYS[0])
    usual = demo_campaign.demo_campaign(hierarchy, now, wishes, KNOBS)
    pems = tuple(entity.certificate.public_bytes(Encoding.PEM).decode("ascii") for entity in issuers.values())
    known = tuple(pem for pem in usual.intermediates if _common_name(pem) not in issuers)
    return usual.model_copy(
        update={
            "id": "prove-real",
            "title": Text(
                sv="TEST: ett kort som ägaren har gett till detta", en="TEST: a card that its owner gave for this"
            ),
            "source_issuers": tuple(issuers),
            "cards": (),
            "targets": tuple(target for target in usual.targets if contents.token_for(target.role)),
            "intermediates": (*known, *pems),
        }
    )


def _common_name(pem: str) -> str:
    return _name(x509.load_pem_x509_certificate(pem.encode("ascii")))
