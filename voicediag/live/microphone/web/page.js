import * as capture from "./capture.js";
import * as frame from "./frame.js";
import { mount } from "./studio.js";

const beside = (name) => new URL(name, location.href).href;
const setup = () => ({
  worklet: beside("worklet.js"),
  worker: beside("worker.js"),
  voice: beside("voice"),
  stream: beside("stream").replace(/^http/, "ws"),
});

mount(document.getElementById("studio"), { capture, frame, setup });
