"""Content that goes on purpose: retention rules and forgetting people; hashes and reasons stay."""
