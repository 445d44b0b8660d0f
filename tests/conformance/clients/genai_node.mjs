// A whole conversation by "@google/genai" for Node.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const CHUNK_BYTES = 1280;
const CHUNK_MS = 40;

// The libraries lie in an environment of their own, not beside this file.
const { GoogleGenAI } = createRequire(process.env.CLIENT_HOME + "/package.json")("@google/genai");

const pcm = readFileSync(process.argv[2]);
const told = { said: [], heard: [], tools: [], interrupted: 0, audio_bytes: 0, checked: 0 };
let bargeIn = false;
let interrupted = false;
let said = "";
let done = () => {};

async function speak() {
  for (let start = 0; start < pcm.length; start += CHUNK_BYTES) {
    const data = pcm.subarray(start, start + CHUNK_BYTES).toString("base64");
    session.sendRealtimeInput({ audio: { data, mimeType: "audio/pcm;rate=16000" } });
    await new Promise((resume) => setTimeout(resume, CHUNK_MS));
  }
}

function answer(call) {
  told.tools.push(call.name);
  const response = { result: "done" };
  session.sendToolResponse({ functionResponses: [{ id: call.id, name: call.name, response }] });
}

function onmessage(message) {
  told.checked += 1;
  const content = message.serverContent ?? {};
  for (const part of content.modelTurn?.parts ?? []) {
    told.audio_bytes += Buffer.from(part.inlineData?.data ?? "", "base64").length;
    if (bargeIn) speak();
    bargeIn = false;
  }
  message.toolCall?.functionCalls?.forEach(answer);
  if (content.inputTranscription) told.heard.push(content.inputTranscription.text);
  said += content.outputTranscription?.text ?? "";
  interrupted ||= content.interrupted ?? false;
  if (!content.turnComplete) return;
  if (interrupted) told.interrupted += 1;
  else told.said.push(said);
  said = "";
  interrupted = false;
  done();
}

const listen = () => new Promise((resolve) => (done = resolve));
const ask = (text) => session.sendClientContent({ turns: [{ role: "user", parts: [{ text }] }], turnComplete: true });

const ai = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: process.env.GOOGLE_GEMINI_BASE_URL } });
const session = await ai.live.connect({
  model: "gemini-2.5-flash-native-audio",
  config: {
    responseModalities: ["AUDIO"],
    inputAudioTranscription: {},
    outputAudioTranscription: {},
    tools: [{ functionDeclarations: [{ name: "get_time" }] }],
  },
  callbacks: { onmessage },
});
ask("greet me");
await listen();
speak();
await listen();
ask("what time is it?");
await listen();
bargeIn = true;
ask("go on");
await listen();
await listen();
console.log(JSON.stringify(told));
process.exit(0);
