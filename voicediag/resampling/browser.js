// What the page is asked to do with the test signal. It fetches nothing but itself.

const toBase64 = (samples) => {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let text = "";
  // More arguments than this overflow the stack of a call.
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
};

const fromBase64 = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer;

// A buffer at one rate, played in a context of another: what a page does with the chunks of a model.
window.AudioBufferSourceNode_ = async (sound, rateIn, rateOut) => {
  const samples = new Float32Array(fromBase64(sound));
  const context = new OfflineAudioContext(1, Math.ceil((samples.length * rateOut) / rateIn), rateOut);
  const buffer = new AudioBuffer({ length: samples.length, sampleRate: rateIn, numberOfChannels: 1 });
  buffer.copyToChannel(samples, 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start(0);
  return toBase64((await context.startRendering()).getChannelData(0));
};

// A WAV file, decoded at the rate of the context.
window.decodeAudioData_ = async (file, _rateIn, rateOut) => {
  const context = new OfflineAudioContext(1, 1, rateOut);
  return toBase64((await context.decodeAudioData(fromBase64(file))).getChannelData(0));
};

// The microphone, into a context of another rate; every sample of it, from the first on. The worklet comes as text:
// its request would not pass through the hands that answer the page's.
window.microphone_ = async (worklet, rateOut, seconds) => {
  const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
  const context = new AudioContext({ sampleRate: rateOut });
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([worklet], { type: "text/javascript" })));
  const taking = new AudioWorkletNode(context, "taking", { numberOfOutputs: 0 });
  const taken = [];
  taking.port.onmessage = ({ data }) => taken.push(data);
  const stream = await navigator.mediaDevices.getUserMedia({ audio: raw });
  const { sampleRate } = stream.getAudioTracks()[0].getSettings();
  new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(taking);
  await context.resume();
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  stream.getTracks().forEach((track) => track.stop());
  await context.close();
  const samples = new Float32Array(taken.reduce((size, block) => size + block.length, 0));
  let at = 0;
  for (const block of taken) {
    samples.set(block, at);
    at += block.length;
  }
  return { samples: toBase64(samples), rate: sampleRate ?? null };
};
