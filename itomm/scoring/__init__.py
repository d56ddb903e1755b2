"""From answers to levels: blending, exact arithmetic, intervals, roll-up. Pure functions."""
