"""What follows from a score: what would change it, at what cost, and why it differs from another."""
