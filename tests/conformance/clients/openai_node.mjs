// A whole conversation by "openai" for Node.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const CHUNK_BYTES = 1920;
const CHUNK_MS = 40;

// The libraries lie in an environment of their own, not beside this file.
const require = createRequire(process.env.CLIENT_HOME + "/package.json");
const load = (name) => import(pathToFileURL(require.resolve(name)));
const OpenAI = require("openai").OpenAI;
const { OpenAIRealtimeWS } = await load("openai/realtime/ws");

const pcm = readFileSync(process.argv[2]);
const told = { said: [], heard: [], tools: [], interrupted: 0, audio_bytes: 0, checked: 0 };
const client = new OpenAI({ apiKey: "any", baseURL: process.env.OPENAI_BASE_URL });
const talk = new OpenAIRealtimeWS({ model: "gpt-realtime-2.1" }, client);
let bargeIn = false;
let done = () => {};

async function speak() {
  for (let start = 0; start < pcm.length; start += CHUNK_BYTES) {
    const audio = pcm.subarray(start, start + CHUNK_BYTES).toString("base64");
    talk.send({ type: "input_audio_buffer.append", audio });
    await new Promise((resume) => setTimeout(resume, CHUNK_MS));
  }
}

function note(response) {
  const [item] = response.output;
  if (response.status === "cancelled") told.interrupted += 1;
  else if (item.type === "function_call") told.tools.push(item.name);
  else told.said.push(item.content[0].transcript);
  done(item);
}

talk.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
talk.on("event", (event) => {
  told.checked += 1;
  if (event.type === "conversation.item.input_audio_transcription.completed") told.heard.push(event.transcript);
  if (event.type === "response.output_audio.delta") {
    told.audio_bytes += Buffer.from(event.delta, "base64").length;
    if (bargeIn) speak();
    bargeIn = false;
  }
  if (event.type === "response.done") note(event.response);
});

const listen = () => new Promise((resolve) => (done = resolve));
const ask = () => talk.send({ type: "response.create" });

await new Promise((resolve) => talk.socket.on("open", resolve));
const input = { transcription: { model: "whisper-1" } };
talk.send({ type: "session.update", session: { type: "realtime", audio: { input } } });
ask();
await listen();
speak();
await listen();
ask();
const call = await listen();
const item = { type: "function_call_output", call_id: call.call_id, output: "done" };
talk.send({ type: "conversation.item.create", item });
ask();
await listen();
bargeIn = true;
ask();
await listen();
await listen();
console.log(JSON.stringify(told));
process.exit(0);
