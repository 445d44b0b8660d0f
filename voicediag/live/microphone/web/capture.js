// Opens microphone and loudspeaker and hands their sound to the Worker; knows no page.

export const PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"];
const NOTE_EVERY_MS = 1000;
const DRAIN_MS = 2000;

const ELSEWHERE = "Record in a page of your browser instead: run `voicediag record --browser` in a terminal.";

// Why there is no microphone to be had here, before it is even asked for; null where nothing speaks against it.
export function noMicrophone() {
  if (location.protocol === "vscode-webview:") return `VS Code gives notebooks no microphone. ${ELSEWHERE}`;
  if (!window.isSecureContext) {
    return (
      `Browsers give no microphone to ${location.origin}: it is neither https nor this machine. Open it as ` +
      `http://localhost:${location.port || 80} through a tunnel (ssh -L ${location.port || 80}:localhost:` +
      `${location.port || 80} HOST), or serve it by https.`
    );
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
    return `This frame has no access to a microphone. ${ELSEWHERE}`;
  }
  return null;
}

// What an error of the browser means, and what to do.
export function meaning(error) {
  switch (error.name) {
    case "NotAllowedError":
      return (
        "The microphone or the tab was refused: allow it for this page (the sign beside the address), and look " +
        `whether the system lets the browser have it. Inside another page's frame it may not be asked for. ${ELSEWHERE}`
      );
    case "NotFoundError":
      return "There is no microphone: plug one in, or choose an input in the settings of the system.";
    case "NotReadableError":
      return "The microphone is held by another program, or its driver failed: close what uses it and try again.";
    default:
      return error.message || String(error);
  }
}

// Begin to record. `setup` has the addresses `worklet`, `worker`, `stream` and `voice`, which of PROCESSING are `on`,
// what is `played`: "nothing", "tab", "voice", or "agent" by the worklet at `player`, and the token of a session that goes
// on, `again`. `tell` is called with {levels}, {told}, {closed}, {away} or {lost}.
export async function begin(setup, tell) {
  const open = [];
  try {
    const asked = Object.fromEntries(PROCESSING.map((name) => [name, setup.on.includes(name)]));
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: asked });
    open.push(...microphone.getTracks());
    const tab = setup.played === "tab" ? await tabSound(open) : null;
    const context = new AudioContext({ latencyHint: "interactive" });
    open.push({ stop: () => context.close() });
    await context.audioWorklet.addModule(setup.worklet);
    if (setup.played === "agent") await context.audioWorklet.addModule(setup.player);
    const voice = setup.played === "voice" ? await decoded(context, setup.voice) : null;
    const track = microphone.getAudioTracks()[0];
    const told = {
      rate_hz: context.sampleRate,
      played: setup.played,
      asked,
      granted: track.getSettings(),
      device: track.label,
      browser: navigator.userAgent,
    };
    const wire = await connected(setup, told, tell);
    open.push({ stop: () => wire.terminate() });
    return running({ context, microphone, tab, voice, agent: setup.played === "agent", wire, open, granted: told.granted, tell });
  } catch (error) {
    for (const each of open) each.stop();
    throw error;
  }
}

async function tabSound(open) {
  if (!navigator.mediaDevices.getDisplayMedia) throw new Error("This browser cannot record the sound of a tab; Chrome and Edge can.");
  const shared = await navigator.mediaDevices.getDisplayMedia({
    video: true,
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, suppressLocalAudioPlayback: false },
    systemAudio: "exclude",
  });
  open.push(...shared.getTracks());
  if (!shared.getAudioTracks().length) throw new Error("The tab was shared without its sound: choose a tab, and tick “Share tab audio”.");
  return new MediaStream(shared.getAudioTracks());
}

async function decoded(context, url) {
  if (!url) throw new Error("There is no test voice here: the Jupyter server does not have voicediag installed.");
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`The voice to play could not be had: HTTP ${answer.status}`);
  return context.decodeAudioData(await answer.arrayBuffer());
}

// A Worker whose sink has said that it records.
function connected(setup, told, tell) {
  const wire = new Worker(setup.worker);
  return new Promise((resolve, reject) => {
    wire.onerror = () => reject(new Error("The Worker that sends the sound did not start."));
    wire.onmessage = ({ data }) => {
      if (data.told?.type === "recording") resolve(wire);
      if (data.told?.type === "refused") reject(new Error(data.told.why));
      if (data.closed) reject(new Error(data.reason || setup.unreachable || "The recorder cannot be reached: is voicediag still running?"));
      tell(data);
    };
    wire.postMessage({ open: setup.stream, begin: told, again: setup.again });
  });
}

function running({ context, microphone, tab, voice, agent, wire, open, granted, tell }) {
  const played = Boolean(tab || voice || agent);
  const tap = new AudioWorkletNode(context, "voicediag-tap", {
    numberOfInputs: 2,
    numberOfOutputs: 1,
    channelCount: 1,
    channelCountMode: "explicit",
    processorOptions: { played },
  });
  const channel = new MessageChannel();
  wire.postMessage({}, [channel.port1]);
  tap.port.postMessage("connect", [channel.port2]);
  tap.port.onmessage = ({ data }) => tell({ levels: data });
  context.createMediaStreamSource(microphone).connect(tap, 0, 0);
  if (tab) context.createMediaStreamSource(tab).connect(tap, 0, 1);
  if (voice) play(context, voice, tap);
  if (agent) speaking(context, wire, tap);
  // What has no way to the loudspeaker may not be run at all; what goes there is silent.
  tap.connect(context.destination);
  const noting = setInterval(() => wire.postMessage({ note: note(context) }), NOTE_EVERY_MS);
  let over = false;
  const stop = () => {
    if (over) return;
    over = true;
    clearInterval(noting);
    tap.port.postMessage("stop");
    // An audio thread that stands still would never say that it is done.
    setTimeout(() => wire.postMessage({ end: true }), DRAIN_MS);
  };
  // The Worker is the last that was opened: without it nothing more is heard of the recorder.
  const release = ({ listening = false } = {}) => {
    over = true;
    clearInterval(noting);
    for (const each of open.splice(0, open.length - Number(listening))) each.stop();
  };
  microphone.getAudioTracks()[0].onended = () => {
    tell({ lost: "The microphone was taken away; what was captured until then is kept." });
    stop();
  };
  context.resume();
  // A page that nobody has touched may be kept silent until somebody does.
  const wake = () => context.state === "suspended" && context.resume();
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, wake, { once: true });
  const say = (note) => wire.postMessage({ note });
  return { granted, rate_hz: context.sampleRate, stop, release, say };
}

// What comes down to the Worker is played, and heard by the same call of the audio thread that hears the microphone.
function speaking(context, wire, tap) {
  const player = new AudioWorkletNode(context, "voicediag-player", { numberOfInputs: 0, outputChannelCount: [1] });
  const channel = new MessageChannel();
  wire.postMessage({ player: true }, [channel.port1]);
  player.port.postMessage("connect", [channel.port2]);
  player.connect(tap, 0, 1);
  player.connect(context.destination);
}

function play(context, voice, tap) {
  const source = context.createBufferSource();
  source.buffer = voice;
  source.loop = true;
  source.connect(tap, 0, 1);
  source.connect(context.destination);
  source.start();
}

function note(context) {
  const stamp = context.getOutputTimestamp?.();
  return {
    type: "context",
    now_ms: performance.timeOrigin + performance.now(),
    context_s: context.currentTime,
    output_context_s: stamp?.contextTime ?? null,
    base_latency_s: context.baseLatency ?? null,
    output_latency_s: context.outputLatency ?? null,
    underruns: context.playbackStats?.underrunEvents ?? context.playbackStats?.fallbackFramesEvents ?? null,
  };
}
