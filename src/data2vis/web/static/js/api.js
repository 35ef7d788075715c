// The server's JSON API. Errors become `Error`s with the message that the server gave.

const LIMIT = Number(document.body.dataset.limit);

/** A table that was chosen: a name, whose ending tells the format, and bytes. */
export class GivenTable {
  constructor(name, blob) {
    if (blob.size > LIMIT) {
      throw new Error(
        `${name} has ${(blob.size / 1e6).toFixed(1)} MB. The limit is ${LIMIT / 1e6} MB; take a sample of its rows.`,
      );
    }
    this.name = name;
    this.blob = blob;
  }
}

async function answered(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is data2vis serve still running?");
  }
  if (response.ok) return response;
  let message = `The server answered ${response.status}.`;
  try {
    message = (await response.json()).error ?? message;
  } catch { /* not JSON: the status must do */ }
  throw new Error(message.charAt(0).toUpperCase() + message.slice(1));
}

/** Asks something of a table: `suggest`, `similar`, `attention`, `beams`. */
export async function ask(what, table, options, signal) {
  const form = new FormData();
  form.append("file", table.blob, table.name);
  form.append("options", JSON.stringify(options));
  return (await answered(`/api/${what}`, { method: "POST", body: form, signal })).json();
}

async function posted(path, content, signal) {
  const headers = { "Content-Type": "application/json" };
  return answered(path, { method: "POST", body: JSON.stringify(content), headers, signal });
}

export const validated = async (spec, columns, signal) =>
  (await posted("/api/validate", { spec, columns }, signal)).json();

export const exported = async (spec, format, title) =>
  (await posted("/api/export", { spec, format, title })).blob();

export const samples = async () => (await (await answered("/api/samples")).json()).samples;

export async function sample(name) {
  const response = await answered(`/api/samples/${encodeURIComponent(name)}`);
  return new GivenTable(`${name}.csv`, await response.blob());
}
