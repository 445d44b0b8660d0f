"""How each client is pointed at an emulator: lines to paste into a shell, and what its constructor takes.

Which client forces TLS was measured with openai 3.52 and google-genai 3.4 for Python, openai 7.55 and @google/genai 3.1
for Node, pipecat 1.14 and livekit 1.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = "# (forces TLS: start the emulator with --tls-port N)"


def openai(plain: str, tls: str | None, ca_file: str) -> Iterator[str]:
    """Yield the lines for OpenAI's clients; `plain` and `tls` are base URLs."""
    yield f"# openai (Python); livekit: RealtimeModel(base_url='{plain}')"
    yield f"export OPENAI_BASE_URL={plain} OPENAI_API_KEY=any"
    yield "# pipecat"
    yield f"# base_url='{plain.replace('http', 'ws', 1)}/realtime'"
    yield "# openai (Node)"
    yield AGAIN if tls is None else f"export OPENAI_BASE_URL={tls} OPENAI_API_KEY=any NODE_EXTRA_CA_CERTS={ca_file}"


def gemini(plain: str, tls: str | None, ca_file: str) -> Iterator[str]:
    """Yield the lines for Gemini's clients; `plain` and `tls` are base URLs."""
    yield "# @google/genai (Node)"
    yield f"export GOOGLE_GEMINI_BASE_URL={plain} GEMINI_API_KEY=any"
    yield "# google-genai (Python)"
    yield AGAIN if tls is None else f"export GOOGLE_GEMINI_BASE_URL={tls} GEMINI_API_KEY=any SSL_CERT_FILE={ca_file}"
    yield "# pipecat, livekit"
    yield AGAIN if tls is None else f"# http_options=HttpOptions(base_url='{tls}'), and SSL_CERT_FILE={ca_file}"


POINTING = {"gemini": gemini, "openai": openai}
