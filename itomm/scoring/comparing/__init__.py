"""Why two assessments differ: each change with its cause, and all of them summing to the difference."""
