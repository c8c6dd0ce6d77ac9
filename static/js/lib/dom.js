/** Small helpers to build elements without inline handlers. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Build an element: el('button', {class: 'button', onclick: save}, icon('save'), 'Save').
 * @param {string} tag
 * @param {Record<string, any>} [attributes] null and false are left out; on… adds a listener
 * @param {...(Node|string|null|undefined)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value != null) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/**
 * Draw an icon of the sprite.
 * @param {string} name
 * @param {string} [classes]
 */
export function icon(name, classes = '') {
  const svg = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  svg.setAttribute('class', `icon ${classes}`);
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `${document.documentElement.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** True while the person writes into a field, so that single keys must not act. */
export function isTyping(target) {
  return target instanceof Element && Boolean(target.closest('input, textarea, select, [contenteditable="true"]'));
}

/** Show a short message at the corner; kind is info, success, warning or critical. */
export function toast(text, kind = 'info') {
  document.dispatchEvent(new CustomEvent('portal:toast', { detail: { text, kind } }));
}

/** Parse the JSON of a json_script element; undefined when it is not there. */
export function jsonScript(id) {
  const script = document.getElementById(id);
  return script ? JSON.parse(script.textContent) : undefined;
}
