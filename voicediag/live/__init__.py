"""Sessions while they happen: what records, relays and emulates them."""
