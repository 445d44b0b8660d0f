import pytest

from voicediag.errors import InputError
from voicediag.measure.speech import SpeechMeter, weights


@pytest.fixture
def emptied():
    weights._weights.cache_clear()
    weights.network.cache_clear()
    yield
    weights._weights.cache_clear()
    weights.network.cache_clear()


def test_what_is_not_installed_is_named(emptied, monkeypatch):
    monkeypatch.setattr(weights, "PACKAGES", ("no_such_package",))
    assert not weights.is_installed()
    assert SpeechMeter(16_000).engine == "plain"
    with pytest.raises(InputError, match=r"voicediag\[vad\]"):
        SpeechMeter(16_000, "silero")


def test_another_version_of_the_weights_is_none(emptied, monkeypatch, tmp_path):
    package = tmp_path / "silero_other"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "data" / "silero_vad.onnx").write_bytes(b"another network")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(weights, "PACKAGES", ("silero_other",))
    assert not weights.is_installed()
    monkeypatch.setattr(weights, "SHA256", "27ae5ca6ee1e0ae24b7c3f5e2f3b5e41ea8d4e2a8a8ef0ea9d2e5ab0f6d0a2a7")
    assert not weights.is_installed()
