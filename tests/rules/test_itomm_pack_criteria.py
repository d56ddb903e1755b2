"""The questionnaire says what was agreed: id, level, weight, mandatory or not, and who answers."""

from __future__ import annotations

from itomm.rules.pack import load_packs

AGREED = """
SD-SLM-2.1 2 3 mandatory evidence
SD-SLM-3.1 3 2 optional  evidence
SD-SLM-3.2 3 2 optional  human
SD-SLM-4.1 4 3 mandatory evidence
SD-SLM-5.1 5 2 optional  hybrid
SD-AVC-2.1 2 3 mandatory evidence
SD-AVC-2.2 2 2 optional  hybrid
SD-AVC-3.1 3 3 mandatory hybrid
SD-AVC-4.1 4 2 optional  hybrid
SD-AVC-5.1 5 2 optional  evidence
SD-CAP-2.1 2 2 optional  evidence
SD-CAP-3.1 3 2 optional  evidence
SD-CAP-3.2 3 2 optional  hybrid
SD-CAP-4.1 4 2 optional  evidence
SD-CAP-5.1 5 2 optional  evidence
SD-REL-2.1 2 3 mandatory evidence
SD-REL-3.1 3 2 optional  evidence
SD-REL-3.2 3 2 optional  evidence
SD-REL-4.1 4 3 mandatory evidence
SD-REL-5.1 5 2 optional  evidence
SD-REL-5.2 5 2 optional  evidence
SD-CAT-2.1 2 2 optional  evidence
SD-CAT-2.2 2 3 mandatory evidence
SD-CAT-3.1 3 2 optional  evidence
SD-CAT-4.1 4 2 optional  evidence
SD-CAT-5.1 5 2 optional  human
SD-IMP-2.1 2 2 optional  evidence
SD-IMP-3.1 3 2 optional  hybrid
SD-IMP-3.2 3 2 optional  human
SD-IMP-4.1 4 2 optional  evidence
SD-IMP-4.2 4 2 optional  human
SD-IMP-5.1 5 2 optional  hybrid
SS-INC-2.1 2 3 mandatory evidence
SS-INC-2.2 2 2 optional  evidence
SS-INC-3.1 3 2 optional  evidence
SS-INC-3.2 3 2 optional  evidence
SS-INC-4.1 4 3 mandatory evidence
SS-INC-4.2 4 2 optional  evidence
SS-INC-5.1 5 2 optional  evidence
SS-PRB-2.1 2 2 optional  evidence
SS-PRB-3.1 3 3 mandatory evidence
SS-PRB-3.2 3 2 optional  evidence
SS-PRB-4.1 4 2 optional  evidence
SS-PRB-5.1 5 2 optional  evidence
SS-CHG-2.1 2 3 mandatory evidence
SS-CHG-3.1 3 3 mandatory evidence
SS-CHG-3.2 3 2 optional  evidence
SS-CHG-4.1 4 2 optional  evidence
SS-CHG-5.1 5 2 optional  evidence
SS-REQ-2.1 2 2 optional  evidence
SS-REQ-3.1 3 2 optional  evidence
SS-REQ-4.1 4 2 optional  evidence
SS-REQ-4.2 4 2 optional  evidence
SS-REQ-5.1 5 2 optional  evidence
SS-KNO-2.1 2 2 optional  evidence
SS-KNO-3.1 3 2 optional  evidence
SS-KNO-3.2 3 3 optional  evidence
SS-KNO-4.1 4 2 optional  evidence
SS-KNO-5.1 5 2 optional  evidence
SS-ONC-2.1 2 3 mandatory hybrid
SS-ONC-3.1 3 2 optional  hybrid
SS-ONC-3.2 3 2 optional  evidence
SS-ONC-4.1 4 3 optional  evidence
SS-ONC-5.1 5 2 optional  human
IM-MON-2.1 2 3 mandatory evidence
IM-MON-2.2 2 2 optional  evidence
IM-MON-3.1 3 2 optional  evidence
IM-MON-3.2 3 2 optional  evidence
IM-MON-4.1 4 2 optional  evidence
IM-MON-4.2 4 2 optional  evidence
IM-MON-5.1 5 2 optional  evidence
IM-CFG-2.1 2 3 mandatory evidence
IM-CFG-3.1 3 2 optional  evidence
IM-CFG-3.2 3 2 optional  evidence
IM-CFG-4.1 4 2 optional  evidence
IM-CFG-5.1 5 2 optional  evidence
IM-IAC-2.1 2 2 optional  evidence
IM-IAC-3.1 3 3 mandatory evidence
IM-IAC-3.2 3 2 optional  evidence
IM-IAC-4.1 4 2 optional  evidence
IM-IAC-5.1 5 2 optional  evidence
IM-PIP-2.1 2 3 mandatory evidence
IM-PIP-3.1 3 3 mandatory evidence
IM-PIP-3.2 3 2 optional  evidence
IM-PIP-4.1 4 2 optional  evidence
IM-PIP-4.2 4 2 optional  evidence
IM-PIP-5.1 5 2 optional  evidence
IM-BKP-2.1 2 3 mandatory evidence
IM-BKP-3.1 3 2 optional  evidence
IM-BKP-3.2 3 3 mandatory hybrid
IM-BKP-4.1 4 2 optional  evidence
IM-BKP-5.1 5 2 optional  hybrid
IM-LCM-2.1 2 2 optional  evidence
IM-LCM-3.1 3 2 optional  evidence
IM-LCM-3.2 3 3 mandatory evidence
IM-LCM-4.1 4 2 optional  evidence
IM-LCM-5.1 5 2 optional  evidence
SM-VUL-2.1 2 3 mandatory evidence
SM-VUL-3.1 3 2 optional  evidence
SM-VUL-4.1 4 3 optional  evidence
SM-VUL-4.2 4 3 mandatory evidence
SM-VUL-4.3 4 2 optional  evidence
SM-VUL-5.1 5 2 optional  evidence
SM-IAM-2.1 2 3 mandatory evidence
SM-IAM-3.1 3 2 optional  evidence
SM-IAM-4.1 4 2 optional  evidence
SM-IAM-4.2 4 2 optional  hybrid
SM-IAM-5.1 5 2 optional  evidence
SM-SDS-2.1 2 3 mandatory evidence
SM-SDS-3.1 3 2 optional  evidence
SM-SDS-3.2 3 2 optional  evidence
SM-SDS-4.1 4 2 optional  evidence
SM-SDS-5.1 5 2 optional  evidence
SM-SDS-5.2 5 2 optional  human
SM-SIR-2.1 2 3 mandatory hybrid
SM-SIR-3.1 3 2 optional  hybrid
SM-SIR-3.2 3 2 optional  hybrid
SM-SIR-4.1 4 2 optional  evidence
SM-SIR-5.1 5 2 optional  evidence
SM-CRT-2.1 2 2 optional  evidence
SM-CRT-3.1 3 2 optional  evidence
SM-CRT-3.2 3 3 mandatory evidence
SM-CRT-4.1 4 2 optional  evidence
SM-CRT-5.1 5 2 optional  evidence
SM-GRC-2.1 2 2 optional  hybrid
SM-GRC-2.2 2 2 optional  human
SM-GRC-3.1 3 2 optional  evidence
SM-GRC-3.2 3 2 optional  hybrid
SM-GRC-4.1 4 2 optional  human
SM-GRC-5.1 5 2 optional  hybrid
"""


def test_every_criterion_has_the_agreed_level_weight_and_mode() -> None:
    loaded = [
        f"{each.id} {each.level} {each.weight} {'mandatory' if each.mandatory else 'optional'} {each.mode}"
        for each in load_packs(["itomm"]).model.criteria
    ]
    agreed = [" ".join(line.split()) for line in AGREED.strip().splitlines()]
    assert sorted(loaded) == sorted(agreed)
    assert len(set(loaded)) == 130
