// The recorder or the studio in a notebook: the page's own modules, which the kernel hands over as text, and a sink beside
// the kernel.

const SINK_PATIENCE_MS = 20_000;
// Sound does not go through the kernel: there it would wait for every cell that computes.
const UNREACHABLE =
  "No WebSocket leads from this page to a recorder: the proxy before the notebook may drop them, or the Jupyter server lacks " +
  "voicediag and is on another machine. Where your browser is, run `voicediag record --browser` or `voicediag studio` in a " +
  "terminal, and load the folder that it makes.";

function jupyter() {
  const told = document.getElementById("jupyter-config-data");
  const config = told ? JSON.parse(told.textContent) : {};
  return { base: new URL(config.baseUrl ?? "/", location.href).href, token: config.token ?? "" };
}

function address(text) {
  return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
}

// Whether the server beside the kernel records: it has voicediag installed, and lets this page in.
async function extension() {
  const { base, token } = jupyter();
  const headers = token ? { Authorization: `token ${token}` } : {};
  try {
    const answer = await fetch(`${base}voicediag/sink`, { headers });
    if (!answer.ok || (await answer.json()).sink !== "voicediag") return null;
  } catch {
    return null;
  }
  const query = (more) => new URLSearchParams({ ...more, ...(token && { token }) });
  return {
    stream: (out) => `${base.replace(/^http/, "ws")}voicediag/stream?${query({ out })}`,
    voice: `${base}voicediag/voice?${query({})}`,
    // A studio's process is reached through the server, which may be on another machine than this page.
    beside: ({ port, pathname }) => `${base.replace(/^http/, "ws")}voicediag/beside?${query({ port, key: pathname.split("/")[1] })}`,
  };
}

// A process beside the kernel, which the kernel starts: it is reached only from the kernel's own machine.
function process(model) {
  return new Promise((resolve, reject) => {
    const give = () => model.get("_sink") && resolve(model.get("_sink"));
    setTimeout(() => reject(new Error("The kernel started no recorder: is it busy? Wait until it is idle.")), SINK_PATIENCE_MS);
    model.on("change:_sink", give);
    model.send({ want: "sink" });
    give();
  });
}

async function render({ model, el }) {
  const files = Object.fromEntries(Object.entries(model.get("_files")).map(([name, text]) => [name, address(text)]));
  const page = model.get("_page") && new URL(model.get("_page"));
  const load = (name) => files[name] && import(files[name]);
  const [capture, frame, dials, { mount }] = await Promise.all([load("capture.js"), load("frame.js"), load("dials.js"), load(page ? "talk.js" : "studio.js")]);
  const setup = async () => {
    const own = await extension();
    const here = { worklet: files["worklet.js"], worker: files["worker.js"], player: files["player.js"], voice: own?.voice, unreachable: UNREACHABLE };
    if (page) return { ...here, stream: own ? own.beside(page) : `${page.href.replace(/^http/, "ws")}stream` };
    return { ...here, stream: own ? own.stream(model.get("_out")) : await process(model) };
  };
  const keep = ({ state, path }) => {
    model.set("state", state);
    if (path) model.set("folder", path);
    model.save_changes();
  };
  const root = document.createElement("div");
  el.append(root);
  return mount(root, { capture, frame, dials, setup, keep });
}

export default { render };
