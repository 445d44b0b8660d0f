import * as capture from "./capture.js";
import * as dials from "./dials.js";
import * as frame from "./frame.js";
import { mount } from "./talk.js";

const beside = (name) => new URL(name, location.href).href;
const setup = () => ({
  worklet: beside("worklet.js"),
  worker: beside("worker.js"),
  player: beside("player.js"),
  stream: beside("stream").replace(/^http/, "ws"),
});

mount(document.getElementById("studio"), { capture, dials, frame, setup });
