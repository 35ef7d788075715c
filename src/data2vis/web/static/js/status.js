// What goes on, for eyes and screen readers: a line, a bar, and an alert for what went wrong.

import { byId } from "./dom.js";

let clearing = 0;

/** Says what goes on; `share` from 0 to 1 moves the bar, null is "no one knows how long". */
export function busy(text, share = null) {
  clearTimeout(clearing);
  if (byId("status").textContent !== text) byId("status").textContent = text;  // said once
  byId("progress").hidden = false;
  if (share === null) byId("bar").removeAttribute("value");
  else byId("bar").value = share;
}

/** Says what was done; the line goes after a while. */
export function done(text) {
  byId("progress").hidden = true;
  byId("status").textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => { byId("status").textContent = ""; }, 6000);
}

/** Shows an error until it is dismissed or something succeeds. */
export function failed(error) {
  byId("progress").hidden = true;
  byId("status").textContent = "";
  byId("alert-text").textContent = error.message ?? String(error);
  byId("alert").hidden = false;
  byId("alert").scrollIntoView({ block: "nearest" });
}

/** Takes the error away. */
export function well() {
  byId("alert").hidden = true;
}

byId("alert-close").addEventListener("click", () => {
  well();
  (byId("editor").open ? byId("editor-close") : byId("main")).focus();
});
