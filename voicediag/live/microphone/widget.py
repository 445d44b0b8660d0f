"""The recorder in a notebook: a widget that shows and steers, while the sound goes past the kernel to disk."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from voicediag.errors import LiveError
from voicediag.formats import session_folder
from voicediag.live.folders import is_closed
from voicediag.live.microphone.serving import WEB

if TYPE_CHECKING:
    from voicediag.session import Session

HANDED_OVER: Final = ("capture.js", "frame.js", "studio.js", "worker.js", "worklet.js")
# Half an hour of two tracks becomes FLAC in less.
CLOSING_PATIENCE_S: Final = 60.0
LOOK_S: Final = 0.05


class Microphone(anywidget.AnyWidget):
    """A recorder of this browser's microphone, and beside it of a tab or a test voice.

    Parameters
    ----------
    out : path
        Folder that the session folders are made in.

    Attributes
    ----------
    state : str
        ``idle``, ``barred`` (no microphone is to be had here), ``starting``, ``recording``, ``stopping`` or ``over``.
    folder : str
        The session folder of the last recording, on the machine of the Jupyter server.
    """

    _esm = WEB / "widget.js"
    _css = WEB / "studio.css"
    _files = traitlets.Dict().tag(sync=True)
    _out = traitlets.Unicode().tag(sync=True)
    _sink = traitlets.Unicode().tag(sync=True)
    _page = traitlets.Unicode().tag(sync=True)
    state = traitlets.Unicode("idle").tag(sync=True)
    folder = traitlets.Unicode().tag(sync=True)

    def __init__(self, out: str | Path = "sessions") -> None:
        files = {name: (WEB / name).read_text(encoding="utf-8") for name in HANDED_OVER}
        super().__init__(_files=files, _out=str(Path(out).absolute()))
        self._process: subprocess.Popen[str] | None = None
        self.on_msg(self._wanted)

    @property
    def session(self) -> Session:
        """What was recorded last.

        Raises
        ------
        LiveError
            Where nothing was recorded yet, it goes on, or its folder is not on this machine.
        """
        if self.state in ("recording", "stopping"):
            raise LiveError("expected a recording that was stopped, got one that goes on")
        if not self.folder:
            raise LiveError(
                "expected a recording, got none yet; likely slip: press Record, then Stop, and run this again"
            )
        folder, until = Path(self.folder), time.monotonic() + CLOSING_PATIENCE_S
        while not is_closed(folder):
            if time.monotonic() > until:
                raise LiveError(f"expected {folder} on this machine, got none that is closed; is it the server's?")
            time.sleep(LOOK_S)
        return session_folder.read(folder)

    def _wanted(self, _widget: object, content: Any, _buffers: object) -> None:
        """Start a recorder beside the kernel, for a page whose server has none."""
        if content == {"want": "sink"} and (self._process is None or self._process.poll() is not None):
            command = [sys.executable, "-m", "voicediag.live.microphone.beside", self._out]
            # A session of its own: what stops or restarts the kernel leaves it alone.
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and our own module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
            )
            self._sink = self._process.stdout.readline().strip() if self._process.stdout else ""


def record(out: str | Path = "sessions") -> Microphone:
    """Return a recorder to show in a notebook: switches, a button and a meter.

    Parameters
    ----------
    out : path
        Folder that the session folders are made in.

    Examples
    --------
    >>> import voicediag as vd
    >>> microphone = vd.record()
    >>> microphone.state
    'idle'
    """
    return Microphone(out)
