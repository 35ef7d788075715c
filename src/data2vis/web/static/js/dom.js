// Elements. What comes from a table or from the server only ever becomes text, never markup.

export const byId = (id) => document.getElementById(id);

/** A new element: properties are set, `dataset`, `aria` and `on` hold several; texts stay texts. */
export function el(tag, { dataset = {}, aria = {}, on = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, dataset);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A new SVG element with attributes. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const PLACES = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** A number or text for reading. */
export const shown = (value) => (typeof value === "number" ? PLACES.format(value) : String(value));
