"""How a connection is opened: the rules about keys, tokens and addresses, and what the opening of one says of them.

The first line of a log may tell it: ``kind`` is ``open`` and its message ``{"host", "path", "query", "headers",
"subprotocols"}``, each secret cut to the letters that it begins with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from voicediag.protocols.conversation import look, text_of
from voicediag.protocols.lint import broken
from voicediag.protocols.secrets import SUBPROTOCOL
from voicediag.session import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voicediag.protocols.events import Broken

FAULT: Final = "token-form"
_REFUSED: Final = frozenset({"silent-connect", "dropped-connection", "provider-error"})
_TOKEN: Final = ("auth_tokens/", "auth_tokens%2F", "auth_tokens%2f")
_VERSION: Final = re.compile(r"\.(v\d\w*)\.GenerativeService\.")

NOT_V1ALPHA: Final = Rule(
    id="token-not-v1alpha",
    expected="an ephemeral token on v1alpha, which alone takes it",
    consequence="the service refuses it",
    remedy='Set the API version to v1alpha, in the app that connects too (http_options={"api_version": "v1alpha"}).',
    source="google-genai and @google/genai, which warn of it; discuss.ai.google.dev, thread 99122",
    weight="high",
    fault=FAULT,
    explains=_REFUSED,
)
WRONG_METHOD: Final = Rule(
    id="token-on-key-endpoint",
    expected="an ephemeral token on BidiGenerateContentConstrained",
    consequence="the service closes: it does not allow unregistered callers there",
    remedy="Connect to ...v1alpha.GenerativeService.BidiGenerateContentConstrained, with access_token in the query or "
    "the header Authorization: Token.",
    source="github.com/google-gemini/cookbook#821; discuss.ai.google.dev, thread 116522",
    weight="high",
    fault=FAULT,
    explains=_REFUSED,
)
TOKEN_AS_KEY: Final = Rule(
    id="token-as-key",
    expected="an ephemeral token as access_token, not as key",
    consequence="the service takes it for an API key that it does not know",
    remedy="Rename the parameter to access_token, on the Constrained method of v1alpha.",
    source="github.com/google-gemini/cookbook#821",
    weight="high",
    fault=FAULT,
    explains=_REFUSED,
)
TOKEN_ESCAPED: Final = Rule(
    id="token-escaped",
    expected="the token's slash as it is: Google's SDK and example send it so",
    consequence="some have seen it refused, and others not: nobody has shown which is right",
    remedy="If the connection is refused, write access_token=auth_tokens/... without %2F.",
    source="@google/genai 3.1.0, what it sends; unproven beyond that",
    weight="info",
    fault=FAULT,
)
KEY_IN_BROWSER: Final = Rule(
    id="key-in-browser",
    expected="a short-lived token in a browser's address or subprotocol",
    consequence="whoever opens the page can read the key and use it until it is revoked",
    remedy="Revoke this key. Mint an ephemeral token on a server for each session and hand the page that.",
    source="the SDKs' own warnings: dangerouslyAllowBrowser, ephemeral tokens",
    weight="medium",
    fault=FAULT,
)
REFUSED: Final = Rule(
    id="identity-refused",
    expected="a key or a token that this method takes",
    consequence="the service closes before anything was said",
    remedy="Read the reason. A token is taken on v1alpha's BidiGenerateContentConstrained only, once unless it was "
    "minted for more uses, and must be used within a minute; a key is taken on BidiGenerateContent.",
    source="github.com/google-gemini/cookbook#821; discuss.ai.google.dev, thread 116522",
    weight="high",
    fault=FAULT,
    explains=_REFUSED,
)
RULES: Final = (NOT_V1ALPHA, WRONG_METHOD, TOKEN_AS_KEY, TOKEN_ESCAPED, KEY_IN_BROWSER)


def provider_of(path: str) -> str | None:
    """Return the provider whose address has this path, or None."""
    if "GenerativeService.BidiGenerateContent" in path or "LlmBidiService/BidiGenerateContent" in path:
        return "gemini-live"
    return "openai-realtime" if re.fullmatch(r"/+(\w+/)*v1/realtime/?", path) else None


def opened(message: Mapping[str, Any]) -> Iterator[Broken]:
    """Yield the rules that the opening of a connection breaks."""
    path, query = text_of(message.get("path")), message.get("query")
    token, key = text_of(look(query, "access_token")), text_of(look(query, "key"))
    carried = (token, key, text_of(look(message, "headers", "authorization")).removeprefix("Token "))
    tokens = [value for value in carried if value.startswith(_TOKEN)]
    version = _VERSION.search(path)
    if tokens and version and version[1] != "v1alpha":
        yield broken(NOT_V1ALPHA, f"{tokens[0]} on {path}")
    elif tokens and "BidiGenerateContent" in path and not path.endswith("Constrained"):
        yield broken(WRONG_METHOD, f"{tokens[0]} on {path}")
    if key.startswith(_TOKEN):
        yield broken(TOKEN_AS_KEY, f"key={key}")
    if token.startswith(_TOKEN[1:]):
        yield broken(TOKEN_ESCAPED, f"access_token={token}")
    yield from _in_browser(message, key)


def _in_browser(message: Mapping[str, Any], key: str) -> Iterator[Broken]:
    """Yield a long-lived key where a page's user can read it."""
    subprotocols = message.get("subprotocols")
    for asked in subprotocols if isinstance(subprotocols, list) else ():
        # Only browsers, which can set no header, put a key there.
        if text_of(asked).startswith(f"{SUBPROTOCOL}sk-"):
            yield broken(KEY_IN_BROWSER, asked)
    headers = message.get("headers")
    is_browser = look(headers, "origin") is not None or text_of(look(headers, "user-agent")).startswith("Mozilla/")
    if is_browser and key.startswith(("AIza", "sk-")):
        yield broken(KEY_IN_BROWSER, f"key={key}")
