"""What rules may still conclude from records whose source cannot tell a field. See docs/decisions/0025."""
