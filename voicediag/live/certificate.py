"""A certificate authority made on the spot, for clients that refuse anything but TLS.

google-genai for Python and the ``openai`` package for Node force ``wss``, even towards one's own machine. They accept
this authority where its file is named in ``SSL_CERT_FILE`` (Python) or ``NODE_EXTRA_CA_CERTS`` (Node). Its private key
never leaves the memory of the process, so nobody else can sign with it.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voicediag.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that vouches for this machine's own names only."""

    _ca: trustme.CA = field(repr=False)

    @property
    def pem(self) -> bytes:
        """The authority's certificate, without its key."""
        return self._ca.cert_pem.bytes()

    def server_context(self) -> ssl.SSLContext:
        """Return what a server on this machine needs to speak TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*NAMES).configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return what a client in this process needs to trust that server."""
        context = ssl.create_default_context()
        self._ca.configure_trust(context)
        return context

    def write(self, path: Path) -> None:
        """Write the certificate where a client can read it.

        Raises
        ------
        InputError
            Where it cannot be written.
        """
        try:
            path.write_bytes(self.pem)
        except OSError as error:
            raise InputError(
                expected="a file to write the certificate authority to",
                got=f"{path}: {error.strerror or error}",
                likely="a folder that does not exist yet",
            ) from error


def make_authority() -> Authority:
    """Return a new authority; nothing is written."""
    # Imported here: cryptography takes a while, and a plain port does without.
    import trustme

    return Authority(trustme.CA(organization_name="voicediag, for loopback only"))
