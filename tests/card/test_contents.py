"""From objects to cards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sithsup.card.contents import card_contents, group_cards, label_role, label_stem
from sithsup.model import (
    CardObject,
    CodeState,
    KeyAlgorithm,
    KeyPair,
    KeyRole,
    ObjectKind,
    TokenId,
    TokenInfo,
)
from sithsup.sim.keys import derived_key, public_half
from tests.contract import tokens

AUTHENTICATION, SIGNATURE = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE
KEY, OTHER_KEY = (public_half(derived_key(KeyAlgorithm.P_256, name)) for name in ("one", "other"))


def token(label: str, serial: str = "1", reader: str = "Reader") -> TokenInfo:
    return TokenInfo(
        TokenId(serial, label),
        reader,
        "m",
        "m",
        CodeState.OK,
        False,
        False,
        frozenset(),
        None,
    )


def of(info: TokenInfo, kind: ObjectKind, key_id: bytes, value: bytes = b"") -> CardObject:
    return CardObject(info.id, kind, key_id, "label", value)


def certificate(info: TokenInfo, key_id: bytes = b"k", key: bytes = KEY, **how: object) -> CardObject:
    return of(info, ObjectKind.CERTIFICATE, key_id, tokens.certificate(key, **how))  # type: ignore[arg-type]


class TestLabels:
    @pytest.mark.parametrize(
        ("label", "role"),
        [
            ("SITHS e-id kort (Legitimering)", AUTHENTICATION),
            ("SITHS e-id kort (Underskrift)", SIGNATURE),
            ("TEST SITHS kort (legitimering)", AUTHENTICATION),
            ("Kort (IDENTIFIERING)", AUTHENTICATION),
            ("Card (Authentication)", AUTHENTICATION),
            ("Card (Auth PIN)", AUTHENTICATION),
            ("Card (PIN1)", AUTHENTICATION),
            ("Card (PIN 1)", AUTHENTICATION),
            ("Card (PIN2)", SIGNATURE),
            ("Card (Digital Signature PIN)", SIGNATURE),
            ("Card (signering)", SIGNATURE),
            ("Ett kort med mycket långt namn (u", None),
            ("Ett kort med mycket långt nam (und", SIGNATURE),
            ("Ett kort med mycket långt nam (leg", AUTHENTICATION),
            ("Ett kort med långt namn (Underskri", SIGNATURE),
            ("Ett kort (för mycket) och så (leg", AUTHENTICATION),
            ("Card (PIN)", None),
            ("SITHS", None),
            ("Signerat kort", None),
            ("", None),
            ("(", None),
            ("((((", None),
        ],
    )
    def test_role(self, label: str, role: KeyRole | None) -> None:
        """The parenthesis tells the role, in Swedish or English, also cut off; nothing else does."""
        assert label_role(label) is role

    def test_stem(self) -> None:
        """What is left without the parenthesis, cut off or not."""
        labels = ("SITHS e-id kort (Legitimering)", "SITHS e-id kort (Under", "SITHS e-id kort ")
        assert {label_stem(token(label)) for label in labels} == {"SITHS e-id kort"}


class TestGrouping:
    def test_one_reader_and_serial_is_one_card(self) -> None:
        """With or without anything on its tokens; authentication comes first, whatever the slots' order."""
        cards = group_cards([(token("A (underskrift)"), ()), (token("A (legitimering)"), ())])
        assert [[t.info.id.label for t in card.tokens] for card in cards] == [["A (legitimering)", "A (underskrift)"]]
        assert cards[0].token_for(SIGNATURE) is cards[0].tokens[1]

    def test_another_reader_or_serial_is_another_card(self) -> None:
        """As long as nothing on them says that they are one."""
        infos = [token("A (legitimering)"), token("A (underskrift)", "2"), token("A (underskrift)", "1", "Other")]
        assert len(group_cards([(info, ()) for info in infos])) == 3

    def test_one_card_number_and_stem_is_one_card(self) -> None:
        """Where a module gives each token its own serial and reader; order does not matter."""
        one, two, stranger = token("A (legitimering)"), token("A (underskrift)", "2", "R2"), token("B", "3", "R3")
        infos = [stranger, two, one]
        cards = group_cards([(info, (certificate(info),)) for info in infos])
        assert [card.serials for card in cards] == [("3",), ("1", "2")]
        assert {card.number for card in cards} == {tokens.CARD_NUMBER}

    def test_a_late_token_can_join_two(self) -> None:
        """Belonging together goes through a third."""
        first, second = token("A (legitimering)", "1", "R1"), token("A (underskrift)", "2", "R2")
        third = token("A (extra)", "2", "R2")
        objects = [(first, (certificate(first),)), (second, ()), (third, (certificate(third),))]
        assert [card.serials for card in group_cards(objects)] == [("1", "2")]

    def test_no_token_no_card(self) -> None:
        """Nothing comes of nothing."""
        assert group_cards([]) == ()


class TestRoles:
    def test_key_usage_tells_where_the_label_is_silent(self) -> None:
        """Of two tokens of one card, each has the role of its certificates."""
        one, two = token("A (PIN)"), token("A (Digital Signature PIN)")
        contents = card_contents([(one, (certificate(one, usage="digital_signature"),)), (two, ())])
        assert [t.roles for t in contents.tokens] == [{AUTHENTICATION}, {SIGNATURE}]

    @pytest.mark.parametrize("usage", ["digital_signature", "content_commitment"])
    def test_a_single_code_opens_both_roles(self, usage: str) -> None:
        """A one-PIN card, whichever certificates are left on it."""
        info = token("SITHS")
        contents = card_contents([(info, (certificate(info, usage=usage),))])
        assert contents.tokens[0].roles == {AUTHENTICATION, SIGNATURE}

    def test_without_a_word_there_is_no_role(self) -> None:
        """An empty token with a silent label is nobody's."""
        assert card_contents([(token("Card"), ())]).tokens[0].roles == frozenset()


class TestPairs:
    info = token("A (legitimering)")
    private = of(info, ObjectKind.PRIVATE_KEY, b"k")
    rsa_like = of(info, ObjectKind.PRIVATE_KEY, b"k", KEY)
    public = of(info, ObjectKind.PUBLIC_KEY, b"k", KEY)

    def pairs(self, *objects: CardObject) -> tuple[KeyPair, ...]:
        return card_contents([(self.info, objects)]).key_pairs

    def test_by_public_key(self) -> None:
        """Whatever the ids say."""
        renamed = replace(self.public, key_id=b"elsewhere")
        (pair,) = self.pairs(renamed, self.rsa_like)
        assert (pair.private, pair.public, pair.public_key, pair.usable) == (self.rsa_like, renamed, KEY, True)

    def test_by_id_where_the_private_key_is_silent(self) -> None:
        """An EC private key shows no point: a public key object or a certificate under its id tells."""
        (pair,) = self.pairs(self.private, self.public)
        assert (pair.public_key, pair.public) == (KEY, self.public)
        (pair,) = self.pairs(self.private, certificate(self.info))
        assert (pair.public_key, pair.public, pair.usable) == (KEY, None, True)

    def test_an_id_does_not_outweigh_a_public_key(self) -> None:
        """Another public key under the same id is another key."""
        stranger = replace(self.public, value=OTHER_KEY)
        first, second = self.pairs(self.rsa_like, stranger)
        assert (first.public_key, first.public) == (KEY, None)
        assert (second.public_key, second.private) == (OTHER_KEY, None)

    def test_the_public_object_under_the_same_id_is_preferred(self) -> None:
        """OpenSC shows a second one, out of the certificate, under another id."""
        phantom = replace(self.public, key_id=b"phantom")
        (pair,) = self.pairs(phantom, self.rsa_like, self.public)
        assert pair.public == self.public

    def test_before_the_log_in_there_is_a_pair_that_cannot_be_used(self) -> None:
        """Public keys are seen, private ones are not."""
        (pair,) = self.pairs(self.public)
        assert (pair.public_key, pair.usable) == (KEY, False)

    def test_a_private_key_that_nothing_tells_of_is_listed(self) -> None:
        """It cannot be used, but it can be destroyed."""
        (pair,) = self.pairs(self.private, replace(self.public, value=b""))
        assert (pair.private, pair.public_key, pair.usable) == (self.private, b"", False)


class TestTolerance:
    def test_what_does_not_parse_is_kept(self) -> None:
        """With a reason, beside what does."""
        info = token("A (legitimering)")
        broken, good = of(info, ObjectKind.CERTIFICATE, b"x", b"\x30\x03abc"), certificate(info)
        contents = card_contents([(info, (broken, good))])
        assert [u.found for u in contents.unreadable] == [broken]
        assert contents.unreadable[0].reason
        assert [c.found for c in contents.certificates] == [good]

    @given(st.data())
    def test_nothing_on_a_card_raises(self, data: st.DataObject) -> None:
        """Any objects, any labels, certificates with flipped, cut and inserted bytes: every object is kept."""
        infos = [token(data.draw(st.text(max_size=40)), data.draw(st.sampled_from("12"))) for _ in range(3)]
        read = [(info, tuple(data.draw(st.lists(self.objects(info), max_size=4)))) for info in infos]
        cards = group_cards(read)
        seen = [o for card in cards for t in card.tokens for o in t.objects]
        assert sorted(map(repr, seen)) == sorted(repr(o) for _, objects in read for o in objects)
        for card in cards:
            kept = len(card.certificates) + len(card.unreadable)
            assert kept == sum(o.kind is ObjectKind.CERTIFICATE for t in card.tokens for o in t.objects)

    GOOD = tokens.certificate(KEY)

    def objects(self, info: TokenInfo) -> st.SearchStrategy[CardObject]:
        mangled = st.builds(
            lambda at, cut, put: self.GOOD[:at] + put + self.GOOD[at + cut :],
            st.integers(0, len(self.GOOD)),
            st.integers(0, 3),
            st.binary(max_size=3),
        )
        values = st.one_of(mangled, st.just(KEY), st.binary(max_size=80))
        return st.builds(
            CardObject, st.just(info.id), st.sampled_from(ObjectKind), st.sampled_from([b"", b"k"]), st.text(), values
        )
