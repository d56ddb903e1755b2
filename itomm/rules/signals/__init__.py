"""Signs that evidence may have been made to look better than the work it stands for.

A sign is a caveat: it changes no answer, no number and no confidence. Each is a pure function over stored
evidence as of an instant, with thresholds that stand in one file (``thresholds.yaml``).
"""
