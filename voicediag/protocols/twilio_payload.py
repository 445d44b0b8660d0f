"""Whether the bytes that an app sends for mu-law can be mu-law: Twilio plays whatever comes, and says nothing.

Sound with a file's header clicks at each one; 16-bit samples are heard as noise at full scale. Both can be told from
the bytes alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_HEADER = "file-header-in-payload"
ZERO_BYTES = "zero-bytes-as-silence"
PCM_16 = "pcm-16-as-mulaw"

_FILE_MARKS: Final = (b"RIFF", b".snd", b"fLaC", b"OggS", b"ID3\3\0", b"ID3\4\0")
# G.711 codes of the loudest segment of either sign: half of full scale and above, where speech spends a few percent.
_LOUD: Final = frozenset((*range(0x10), *range(0x80, 0x90)))
_QUIET: Final = bytes(set(range(256)) - _LOUD)
# A second of sound: enough to count in, and short enough to be told while a call lasts.
WINDOW = 8_000
# 10 ms of nothing but zeros, which mu-law plays at full scale.
LEAST_ZEROS = 80
# The high bytes of soft 16-bit samples are near 0x00 for every other one, and their low bytes are spread evenly over
# all codes, of which an eighth is loud. In mu-law both halves are alike, but for a tone of 2 kHz: then one half is all
# loud or not at all, and neither lies near an eighth.
LEAST_HIGH, LEAST_LOW, MOST_LOW, LEAST_APART = 0.3, 0.05, 0.3, 0.15


@dataclass(slots=True)
class PayloadWatch:
    """Looks at the payloads of one stream, one after the other."""

    _counted: int = 0
    _even: int = 0
    _odd: int = 0

    def slips(self, payload: bytes) -> Iterator[str]:
        """Yield the names of what is wrong with a payload, or with the second that it ends."""
        if payload.startswith(_FILE_MARKS):
            yield FILE_HEADER
        if len(payload) >= LEAST_ZEROS and not payload.strip(b"\0"):
            yield ZERO_BYTES
            return
        # The pauses of 16-bit speech tell nothing; two bytes that are left out leave even and odd where they were.
        heard = payload.replace(b"\0\0", b"")
        self._even += len(heard[0::2].translate(None, _QUIET))
        self._odd += len(heard[1::2].translate(None, _QUIET))
        self._counted += len(heard)
        if self._counted < WINDOW:
            return
        half = self._counted / 2
        low, high = sorted((self._even / half, self._odd / half))
        self._counted = self._even = self._odd = 0
        if high >= LEAST_HIGH and LEAST_LOW <= low <= MOST_LOW and high - low >= LEAST_APART:
            yield PCM_16
