import ssl

import pytest

from voicediag.errors import InputError
from voicediag.live.certificate import make_authority


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Let two sides shake hands in memory."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(down, up, server_hostname=name),
        server.wrap_bio(up, down, server_side=True),
    ]
    waiting = sides[:]
    while waiting:
        for side in waiting[:]:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_client_with_the_file_trusts_this_machine(tmp_path, name):
    authority = make_authority()
    authority.write(tmp_path / "ca.pem")
    handshake(authority.server_context(), ssl.create_default_context(cafile=tmp_path / "ca.pem"), name)
    handshake(authority.server_context(), authority.client_context(), name)


def test_other_names_are_not_vouched_for():
    authority = make_authority()
    with pytest.raises(ssl.SSLCertVerificationError, match="example"):
        handshake(authority.server_context(), authority.client_context(), "example.com")


def test_others_do_not_trust_it():
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(make_authority().server_context(), make_authority().client_context(), "localhost")


def test_the_file_holds_no_key(tmp_path):
    make_authority().write(tmp_path / "ca.pem")
    text = (tmp_path / "ca.pem").read_text()
    assert "BEGIN CERTIFICATE" in text
    assert "KEY" not in text


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(InputError, match="a folder that does not exist"):
        make_authority().write(tmp_path / "none" / "ca.pem")
