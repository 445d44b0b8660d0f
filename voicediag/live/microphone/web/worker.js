// Takes the chunks from the audio thread and sends them to the sink: a page that hangs holds nothing up.
//
// Until the sink says that it has them, chunks wait here, up to MOST_WAITING. Where the connection breaks, another one
// goes on where the sink says that it is.

const MOST_WAITING = 32 * 1024 * 1024;
const SENT_AT = 24;
const GONE = 4404;
const AGAIN_MS = 500;
const PATIENCE_MS = 110_000;

let socket = null;
let recording = false;
let waiting = [];
let waitingBytes = 0;
let ended = false;
let address = null;
let resume = null;
let over = false;
let brokenAt = 0;
let sent = null;
let player = null;

onmessage = ({ data, ports }) => {
  if (data.open) open(data.open, data.begin);
  if (data.note) say(data.note);
  if (data.end !== undefined) end(null);
  if (data.player) {
    player = ports[0];
    player.onmessage = (message) => say(message.data);
  } else if (ports[0]) ports[0].onmessage = (message) => (message.data.end === undefined ? take(message.data) : end(message.data.end));
};

function open(url, begin) {
  address = url;
  connect(url, () => socket.send(JSON.stringify({ type: "begin", ...begin })));
}

function connect(url, onopen = null) {
  socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = onopen;
  socket.onmessage = ({ data }) => (typeof data === "string" ? hear(JSON.parse(data)) : player?.postMessage(data, [data]));
  socket.onclose = ({ code, reason }) => lost(code, reason);
}

// A sink that gave a token waits for whoever has it.
function lost(code, reason) {
  const since = recording ? (brokenAt = performance.now()) : brokenAt;
  recording = false;
  if (resume && !over && code !== GONE && performance.now() - since < PATIENCE_MS) {
    const again = new URL(address);
    again.searchParams.set("resume", resume);
    setTimeout(() => connect(again.href), AGAIN_MS);
  } else postMessage({ closed: true, code, reason });
}

function hear(told) {
  if (told.type === "recording" || told.type === "resumed") {
    recording = true;
    resume = told.resume ?? resume;
    keepFrom(told.came ?? 0);
    for (const chunk of waiting) send(chunk);
    if (!resume) keepFrom(Infinity);
    if (ended) socket.send(JSON.stringify({ type: "end", chunks: sent }));
  }
  if (told.type === "kept") keepFrom(told.came);
  if (told.type === "ended" || told.type === "refused") over = true;
  if (told.type === "flush" || told.type === "turn-ended") player?.postMessage(told);
  else if (told.type !== "kept" && told.type !== "resumed") postMessage({ told });
}

function keepFrom(came) {
  const has = waiting.findIndex((chunk) => new DataView(chunk).getUint32(0, true) >= came);
  for (const chunk of waiting.splice(0, has < 0 ? waiting.length : has)) waitingBytes -= chunk.byteLength;
}

function take(chunk) {
  // What is dropped here leaves a gap in the sequence, which the sink sees.
  if (ended || waitingBytes >= MOST_WAITING || socket.bufferedAmount >= MOST_WAITING) return;
  if (recording) send(chunk);
  if (recording && !resume) return;
  waiting.push(chunk);
  waitingBytes += chunk.byteLength;
}

function send(chunk) {
  new DataView(chunk).setFloat64(SENT_AT, performance.timeOrigin + performance.now(), true);
  socket.send(chunk);
}

function say(note) {
  if (recording && !ended) socket.send(JSON.stringify(note));
}

function end(chunks) {
  if (ended) return;
  ended = true;
  sent = chunks;
  if (recording) socket.send(JSON.stringify({ type: "end", chunks }));
  else if (!resume) socket?.close();
}
