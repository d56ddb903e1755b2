"""What everything else rests on: errors, clock, quantities, strict YAML, settings, scopes."""
