"""The card's room: PKCS#11 and what is on a card. Knows nothing of authorities, campaigns or windows."""
