"""The rule language: YAML that turns records into answers, checked strictly and evaluated set by set."""
