"""Texts that look like secret keys are found, in one search for many shapes."""

from __future__ import annotations

import pytest

from versioner.secret_scanning import holds_secret, may_hold_secret

# In the shape of keys, and none of them is one.
KEYS = [
    *("AKIA" + "ABCDEFGH12345678", "ASIA" + "ABCDEFGH12345678", "AIza" + "A1b2C" * 7),
    *(f"gh{kind}_" + "A1b2C3d4E5" * 4 for kind in "opsur"),
    *("github_pat_" + "11ABCDEFG0" * 5, "dckr_pat_" + "A1b2C3d4E5" * 2, "npm_" + "A1b2C3" * 6),
    *("sk_live_" + "A1b2C3d4E5", "rk_live_" + "A1b2C3d4E5", "sk-ant-" + "A1b2C3d4E5" * 2),
    *("glpat-" + "A1b2C3d4E5" * 2, "xoxb-" + "1234567890-abcdef", "hvs." + "A1b2C3d4E5" * 2),
    *("eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln", "pypi-AgEI" + "cHlwaS5v" * 3),
    *("-----BEGIN RSA " + "PRIVATE KEY-----", "SG." + "A1b2C3d4E5" * 2 + "." + "A1b2C3d4E5" * 2),
    *("AccountKey=" + "A1b2C3d4E5" * 3, "hooks.slack.com/services/" + "T0/B0/x1"),
    *(f"https://a.example/?{name}=" + "A1b2C3d4" for name in ("token", "sig", "api_key")),
    "vr_" + "a1b2c3d4e5" + "_" + "A1b2C3d4E5" * 4,
    "https://jane:hunter2@a.example/",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_each_shape_of_a_key_is_found_in_a_text_and_in_a_file(key: str) -> None:
    assert holds_secret(f"before {key} after")
    assert may_hold_secret(f'reason: "before {key} after"\n'.encode())


def test_a_usual_log_may_hold_none() -> None:
    line = '- {at: "2026-11-22T10:15:00Z", environment: "qa", version: "I=J.G", id: "0f"}\n'
    assert not may_hold_secret(line.encode())
