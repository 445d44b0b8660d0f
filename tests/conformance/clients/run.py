"""Let other people's clients hold a whole conversation with the emulators: ``make conformance``.

Each client has an environment of its own, because their pins conflict. The agent greets, answers a question, calls a
function, is interrupted and answers again; pipecat and livekit, which answer calls by themselves, are not called. Apps
that Twilio dials are dialled.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from voicediag.formats.demo import load_demo
from voicediag.live.emulator import Reply, Scenario, Tool, serving
from voicediag.live.emulator.scenario import DEMO
from voicediag.spans import Span

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[2] / ".venv-clients"
PATIENCE_S = 60
# The demo's user says hello here, in a quiet room.
HELLO = Span(start_s=0.85, end_s=1.75)
CALLING = Scenario(
    replies=(*DEMO[:2], Reply(text=DEMO[2].text, tool=Tool(name="get_time"), heard=DEMO[2].heard), DEMO[3])
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Somebody's client: what it needs, whether it insists on TLS, and whether a function is called."""

    provider: str
    script: str
    packages: tuple[str, ...]
    tls: bool = False
    called: bool = True
    shares: str = ""

    @property
    def home(self) -> Path:
        return ENVIRONMENTS / (self.shares or Path(self.script).stem)

    @property
    def is_node(self) -> bool:
        return self.script.endswith(".mjs")

    @property
    def program(self) -> str:
        return (shutil.which("node") or "node") if self.is_node else str(self.home / "bin" / "python")


# The newest that run on the Node of Debian; the Node libraries of today ask for a newer one.
CLIENTS = {
    "openai 3.54.0, Python": Client(
        provider="openai", script="openai_python.py", packages=("openai[realtime]==3.54.0",)
    ),
    "google-genai 3.4.0, Python": Client(
        provider="gemini", script="genai_python.py", packages=("google-genai==3.4.0",), tls=True
    ),
    "pipecat 1.14.0, Python": Client(
        provider="openai", script="pipecat_python.py", packages=("pipecat-ai[openai]==1.14.0",), called=False
    ),
    "pipecat 1.14.0, Twilio": Client(
        provider="twilio",
        script="pipecat_twilio.py",
        packages=("pipecat-ai[openai]==1.14.0",),
        shares="pipecat_python",
    ),
    "livekit 1.8.9, Python": Client(
        provider="openai", script="livekit_python.py", packages=("livekit-agents[openai]==1.8.9",), called=False
    ),
    "openai 6.49.0, Node": Client(
        provider="openai", script="openai_node.mjs", packages=("openai@6.49.0", "ws@8.21.3"), tls=True
    ),
    "@google/genai 2.32.0, Node": Client(
        provider="gemini", script="genai_node.mjs", packages=("@google/genai@2.32.0",)
    ),
}


def installed(client: Client) -> str:
    """Make a client's environment, unless it stands already; return why it cannot be had."""
    try:
        install(client)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"could not be installed: {error}"
    return ""


def install(client: Client) -> None:
    """Make a client's environment, unless it stands already."""
    stamp = client.home / "packages.txt"
    wanted = "\n".join(client.packages)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(client.home, ignore_errors=True)
    client.home.mkdir(parents=True)
    if client.is_node:
        (client.home / "package.json").write_text('{"private": true}', encoding="utf-8")
        steps = [["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *client.packages]]
    else:
        steps = [
            [sys.executable, "-m", "venv", "."],
            ["bin/python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", *client.packages],
        ]
    for step in steps:
        subprocess.run(step, cwd=client.home, check=True)
    stamp.write_text(wanted, encoding="utf-8")


def write_voice(folder: Path) -> None:
    """Write the user's hello and the quiet around it, as each provider takes it."""
    track = load_demo().tracks["user-sent"]
    quiet = np.zeros(track.rate_hz // 2, np.float32)
    voice = np.concatenate([quiet, track.read(HELLO), quiet, quiet])
    for provider, rate_hz in (("gemini", 16_000), ("openai", 24_000)):
        samples = soxr.resample(voice, track.rate_hz, rate_hz)
        pcm = np.clip(np.rint(samples * 32_768), -32_768, 32_767).astype("<i2")
        (folder / f"{provider}.pcm").write_bytes(pcm.tobytes())


async def talk(client: Client, folder: Path) -> dict[str, object]:
    """Return what a client tells of its conversation."""
    if client.provider == "twilio":
        # Beside this script; whoever only collects it for tests does not find it there.
        import dialled

        return await dialled.talk([client.program, str(HERE / client.script)], folder / "calls")
    ca_file = folder / f"{client.home.name}.pem"
    async with serving(
        client.provider, CALLING if client.called else Scenario(), tls_port=0, ca_file=ca_file
    ) as emulator:
        url = (emulator.tls_base_url if client.tls else emulator.base_url) or ""
        env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        env |= {"OPENAI_BASE_URL": url, "GOOGLE_GEMINI_BASE_URL": url, "CLIENT_HOME": str(client.home)}
        env |= {"SSL_CERT_FILE": str(ca_file), "NODE_EXTRA_CA_CERTS": str(ca_file)} if client.tls else {}
        process = await asyncio.create_subprocess_exec(
            client.program,
            str(HERE / client.script),
            str(folder / f"{client.provider}.pcm"),
            env=env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        except TimeoutError:
            process.kill()
            return {"failed": f"no end after {PATIENCE_S} s"}
    return json.loads(out) if process.returncode == 0 else {"failed": err.decode()[-400:]}


def wrong(told: dict[str, object], *, called: bool) -> list[str]:
    """Return in what a conversation differs from the scenario."""
    if "failed" in told:
        return [str(told["failed"])]
    if "call" in told:
        import dialled

        return dialled.wrong(told)
    # The reply that is interrupted is the last one of the scenario, or else the one before.
    said, heard = ((0, 1, 2, 0), (1, 0)) if called else ((0, 1, 3), (1, 2, 3))
    expected = {
        "said": [DEMO[turn].text for turn in said],
        "heard": [DEMO[turn].heard for turn in heard],
        "tools": ["get_time"] if called else [],
        "interrupted": 1,
    }
    return [f"{key}: expected {value}, got {told[key]}" for key, value in expected.items() if told[key] != value]


async def main() -> int:
    """Let each client talk; return how many failed, as an exit code."""
    lacking = {name: await asyncio.to_thread(installed, client) for name, client in CLIENTS.items()}
    ready = {name: client for name, client in CLIENTS.items() if not lacking[name]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_voice(folder)
        # All at once: they mostly wait for each other's voices.
        talks = await asyncio.gather(*(talk(client, folder) for client in ready.values()))
    told_by = dict(zip(ready, talks, strict=True))
    failed = 0
    for name, client in CLIENTS.items():
        told = told_by.get(name, {"failed": lacking[name]})
        slips = wrong(told, called=client.called)
        failed += bool(slips)
        whole = f"a whole conversation, {told.get('audio_bytes', 0)} bytes of sound"
        sys.stdout.write(f"{name:30}{'; '.join(slips) or whole}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
