// Takes the chunks from the audio thread and sends them to the sink: a page that hangs holds nothing up.
//
// Until the sink says that it has them, chunks and words wait here, up to MOST_WAITING and MOST_WORDS. Where the connection
// breaks, another one goes on where the sink says that it is, and the sink where this has heard it.

const MOST_WAITING = 32 * 1024 * 1024;
const MOST_WORDS = 20_000;
const SENT_AT = 24;
const GONE = 4404;
const AGAIN_MS = 500;
const PATIENCE_MS = 110_000;

let socket = null;
let live = false;
let chunks = [];
let chunkBytes = 0;
let words = [];
let wordsKept = 0;
let heard = 0;
let ended = false;
let address = null;
let resume = null;
let over = false;
let brokenAt = 0;
let player = null;
let early = [];

onmessage = ({ data, ports }) => {
  if (data.open) open(data);
  if (data.note) say(data.note);
  if (data.end !== undefined) end(null);
  if (data.player) {
    player = ports[0];
    player.onmessage = (message) => say(message.data);
    for (const one of early.splice(0)) hand(one);
  } else if (ports[0]) ports[0].onmessage = (message) => (message.data.end === undefined ? take(message.data) : end(message.data.end));
};

// `again` is the token of a page before this one, whose session goes on.
function open({ open: url, begin, again }) {
  address = url;
  words.push({ made: performance.now(), told: { type: "begin", ...begin } });
  connect(again ? { again } : {}, () => sendWords(0));
}

function connect(query, onopen = null) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = onopen;
  socket.onmessage = ({ data }) => hear(data);
  socket.onclose = ({ code, reason }) => lost(code, reason);
}

// A sink that gave a token waits for whoever has it.
function lost(code, reason) {
  const since = live ? (brokenAt = performance.now()) : brokenAt;
  if (live) postMessage({ away: true });
  live = false;
  if (resume && !over && code !== GONE && performance.now() - since < PATIENCE_MS) {
    setTimeout(() => connect({ resume, heard }), AGAIN_MS);
  } else postMessage({ closed: true, code, reason });
}

function hear(data) {
  const told = typeof data === "string" ? JSON.parse(data) : null;
  if (told?.type === "resumed") {
    keepFrom(told);
    live = true;
    sendWords(told.said);
    chunks.forEach(send);
    postMessage({ away: false });
    return;
  }
  heard += 1;
  if (!told || told.type === "flush" || told.type === "turn-ended") {
    hand(told ?? data);
    return;
  }
  if (told.type === "kept") keepFrom(told);
  else postMessage({ told });
  if (told.type === "recording") {
    resume = told.resume;
    live = true;
    chunks.forEach(send);
  }
  if (told.type === "ended" || told.type === "refused") over = true;
}

// What comes before there is a player waits for it.
function hand(one) {
  if (player) player.postMessage(one, one instanceof ArrayBuffer ? [one] : []);
  else early.push(one);
}

function keepFrom({ came, said }) {
  const has = chunks.findIndex((chunk) => new DataView(chunk).getUint32(0, true) >= came);
  for (const chunk of chunks.splice(0, has < 0 ? chunks.length : has)) chunkBytes -= chunk.byteLength;
  wordsKept += words.splice(0, Math.max(0, said - wordsKept)).length;
}

function take(chunk) {
  // What is dropped here leaves a gap in the sequence, which the sink sees.
  if (ended || chunkBytes >= MOST_WAITING || socket.bufferedAmount >= MOST_WAITING) return;
  if (live) send(chunk);
  chunks.push(chunk);
  chunkBytes += chunk.byteLength;
}

function send(chunk) {
  new DataView(chunk).setFloat64(SENT_AT, performance.timeOrigin + performance.now(), true);
  socket.send(chunk);
}

function say(told) {
  if (!resume || ended || words.length >= MOST_WORDS) return;
  words.push({ made: performance.now(), told });
  if (live) sendWords(wordsKept + words.length - 1);
}

function sendWords(from) {
  for (const { made, told } of words.slice(from - wordsKept)) {
    // A mark is of the moment in which it was made.
    const age = told.type === "mark" ? { age_ms: performance.now() - made } : {};
    socket.send(JSON.stringify({ ...told, ...age }));
  }
}

function end(sent) {
  if (ended) return;
  say({ type: "end", chunks: sent });
  ended = true;
  if (!resume) socket?.close();
}
