from __future__ import annotations

import pytest

from chatapp.web import user_agents

MACINTOSH = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"{MACINTOSH} Chrome/140.0.0.0 Safari/537.36", "Chrome on macOS"),
        (f"{MACINTOSH} Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge on macOS"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.14.1", "curl"),
        ("<script>", "Browser"),
        ("", "Browser"),
    ],
)
def test_a_browser_has_a_name_that_its_owner_recognises(header: str, name: str) -> None:
    assert user_agents.name_of(header) == name
