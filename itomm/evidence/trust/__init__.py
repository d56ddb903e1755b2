"""What makes a store worth believing: verification, proofs, keys, signed statements, bundles."""
