// Ways to give a table: drop a file, choose one, paste text, take a sample.

import { GivenTable, sample, samples } from "./api.js";
import { byId, el } from "./dom.js";
import { failed } from "./status.js";

/** Calls `take` with each table that is given. */
export function listen(take) {
  const taken = async (make) => {
    try { await take(await make()); } catch (error) { failed(error); }
  };

  byId("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = "";  // the same file may be chosen again
    if (file) taken(() => new GivenTable(file.name, file));
  });

  byId("paste").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("text").value;
    if (!text.trim()) {
      failed(new Error("There is no text to use. Paste a table first."));
      byId("text").focus();
      return;
    }
    taken(() => new GivenTable(`pasted${ending(text)}`, new Blob([text])));
  });

  listenForDrops((file) => taken(() => new GivenTable(file.name, file)));
  offerSamples((name) => taken(() => sample(name)));
}

function ending(text) {
  const start = text.trimStart();
  if (start.startsWith("[")) return ".json";
  if (!start.startsWith("{")) return start.split("\n", 1)[0].includes("\t") ? ".tsv" : ".csv";
  try { JSON.parse(text); return ".json"; } catch { return ".jsonl"; }
}

function listenForDrops(take) {
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0;  // entering a child comes before leaving its parent
  const drag = (step) => (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    depth = step === 0 ? 0 : Math.max(0, depth + step);
    document.body.classList.toggle("dragging", depth > 0);
  };
  document.addEventListener("dragenter", drag(1));
  document.addEventListener("dragleave", drag(-1));
  document.addEventListener("dragover", (event) => isFile(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    drag(0)(event);
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}

async function offerSamples(take) {
  let offered = [];
  try { offered = await samples(); } catch (error) { failed(error); }
  byId("samples").replaceChildren(...offered.map(({ name, title, rows, columns }) =>
    el("li", {}, el("button", { type: "button", on: { click: () => take(name) } },
      el("strong", {}, title), el("span", {}, `${rows} rows, ${columns} columns`)))));
  byId("random").addEventListener("click", () => {
    if (offered.length) take(offered[Math.floor(Math.random() * offered.length)].name);
  });
}
