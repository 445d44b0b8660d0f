import pytest

from voicediag.errors import InputError
from voicediag.live.talk.partner import Partner

KEY = "sk-" + "unspoken" * 4


@pytest.mark.parametrize(
    "told",
    [
        {"provider": "acme"},
        {"provider": "openai"},
        {"provider": "openai", "key": KEY, "faults": ("goaway",)},
        {"faults": ("ecko",)},
        {"base_url": "http://127.0.0.1"},
        {"speaks": "twilio"},
        {"provider": "openai", "key": KEY, "speaks": "gemini"},
    ],
    ids=[
        "provider",
        "no key",
        "faults of a real service",
        "fault",
        "address of the emulator",
        "protocol",
        "another's protocol",
    ],
)
def test_partners_that_nobody_can_talk_to_are_refused(told, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError):
        Partner(**told)


def test_a_key_shows_in_no_picture_of_a_partner():
    assert KEY not in repr(Partner(provider="openai", key=KEY))
