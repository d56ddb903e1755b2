"""Whether the tests beside rules would notice a wrong rule: small changes, and the tests run against each."""
