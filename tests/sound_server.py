"""A sound card of PulseAudio's own: what is played comes back in its microphone, later and weaker by what one asks."""

import os
import subprocess
import threading
from contextlib import contextmanager

# Without priority a server runs a shorter loop dry, and lengthens it while it is recorded.
LOOP_MS = 120


@contextmanager
def echoing_sound_card(folder, *, loss_db):
    """Run a server in a folder, and give the environment in which programs find it and no other."""
    socket = folder / "native"
    # Left to itself PulseAudio moves the loop to each new default, and stretches what it carries.
    fixed = "source_dont_move=1 sink_dont_move=1 adjust_time=0"
    modules = (
        f"module-native-protocol-unix socket={socket} auth-anonymous=1 auth-cookie-enabled=0",
        "module-null-sink sink_name=spk rate=48000 channels=1",
        "module-null-sink sink_name=mic rate=48000 channels=1",
        f"module-loopback source=spk.monitor sink=mic latency_msec={LOOP_MS} {fixed}",
        # Browsers hide monitors from their pages.
        "module-remap-source master=mic.monitor source_name=vmic",
    )
    options = ("-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--log-level=info")
    command = ["pulseaudio", *options, "--log-target=stderr", *(f"--load={module}" for module in modules)]
    places = {"PULSE_SERVER": f"unix:{socket}", "PULSE_RUNTIME_PATH": str(folder), "XDG_CONFIG_HOME": str(folder)}
    env = os.environ | places
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as server:
        try:
            next(line for line in server.stderr if "startup complete" in line)
            threading.Thread(target=server.stderr.read, daemon=True).start()
            for words in ("set-default-sink spk", "set-default-source vmic", f"set-sink-input-volume 0 -{loss_db}dB"):
                subprocess.run(["pactl", *words.split()], env=env, check=True, timeout=30)
            yield env
        finally:
            server.terminate()
