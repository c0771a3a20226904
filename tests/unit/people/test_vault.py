"""Sealed secrets: whose they are, and what happens when the key is replaced."""

from uuid import uuid4

import pytest

from sojourn.people.auth.vault import SealBroken, Vault

OLD, NEW = "o" * 40, "n" * 40


def test_what_is_sealed_is_opened_for_its_owner_only() -> None:
    vault, owner = Vault([OLD]), uuid4()
    sealed = vault.seal("JBSWY3DPEHPK3PXP", owner=owner)
    assert b"JBSWY3DPEHPK3PXP" not in sealed
    assert vault.open(sealed, owner=owner) == "JBSWY3DPEHPK3PXP"
    assert sealed != vault.seal("JBSWY3DPEHPK3PXP", owner=owner)
    with pytest.raises(SealBroken):
        vault.open(sealed, owner=uuid4())  # copied to another account
    with pytest.raises(SealBroken):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), owner=owner)


def test_a_key_is_replaced_by_putting_the_new_one_in_front() -> None:
    owner = uuid4()
    sealed, digest = Vault([OLD]).seal("secret", owner=owner), Vault([OLD]).digests("code")[0]
    both = Vault([NEW, OLD])
    assert both.open(sealed, owner=owner) == "secret"
    assert digest in both.digests("code")
    assert Vault([NEW]).open(both.seal("secret", owner=owner), owner=owner) == "secret"
    assert both.digests("code")[0] == Vault([NEW]).digests("code")[0]
    with pytest.raises(SealBroken):
        Vault([NEW]).open(sealed, owner=owner)
