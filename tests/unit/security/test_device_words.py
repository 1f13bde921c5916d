from __future__ import annotations

import pytest

from parking.security.device_words import device_words

BEHIND = "(KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {BEHIND} Chrome/140.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (CHROME, "Chrome, Windows"),
        (f"{CHROME} Edg/140.0.0.0", "Edge, Windows"),
        (f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 {BEHIND} Chrome/140.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox, macOS"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1 {BEHIND} Version/18.5 Safari/604",
            "Safari, iPhone",
        ),
        (f"Mozilla/5.0 (Linux; Android 15) {BEHIND} Chrome/138.0 Mobile MicroMessenger/8.0.60", "WeChat, Android"),
        (f"Mozilla/5.0 (Phone; OpenHarmony 5.0) {BEHIND} Chrome/132.0 HuaweiBrowser/5.1", "Huawei Browser, HarmonyOS"),
        ("python-httpx/0.28", ""),
        ("", ""),
        ("x" * 5000 + "Chrome/1", ""),
    ],
)
def test_people_know_their_device_by_its_browser_and_system(said: str, words: str) -> None:
    assert device_words(said) == words
