"""The authority's room: protocols and trust. Knows nothing of cards, campaigns or windows."""
