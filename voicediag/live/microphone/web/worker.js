// Takes the chunks from the audio thread and sends them to the sink: a page that hangs holds nothing up.
//
// Until the sink says that it records, chunks wait here; so they do where the connection is slow, up to MOST_WAITING.

const MOST_WAITING = 32 * 1024 * 1024;
const SENT_AT = 24;

let socket = null;
let recording = false;
let waiting = [];
let waitingBytes = 0;
let ended = false;

onmessage = ({ data, ports }) => {
  if (data.open) open(data.open, data.begin);
  if (data.note) say(data.note);
  if (data.end !== undefined) end(null);
  if (ports[0]) ports[0].onmessage = (message) => (message.data.end === undefined ? take(message.data) : end(message.data.end));
};

function open(url, begin) {
  socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => socket.send(JSON.stringify({ type: "begin", ...begin }));
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onclose = ({ code, reason }) => postMessage({ closed: true, code, reason });
}

function hear(told) {
  if (told.type === "recording") {
    recording = true;
    for (const chunk of waiting.splice(0)) send(chunk);
    waitingBytes = 0;
  }
  postMessage({ told });
}

function take(chunk) {
  if (ended) return;
  if (recording && socket.bufferedAmount < MOST_WAITING) {
    send(chunk);
  } else if (!recording && waitingBytes < MOST_WAITING) {
    waiting.push(chunk);
    waitingBytes += chunk.byteLength;
  }
  // What is dropped here leaves a gap in the sequence, which the sink sees.
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
  if (recording) socket.send(JSON.stringify({ type: "end", chunks }));
  else socket?.close();
}
