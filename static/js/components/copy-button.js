/** <copy-button></copy-button> inside .code copies the <pre> beside it; <copy-button value="…"> its value. */

import { el, icon } from 'portal/lib/dom.js';

class CopyButton extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return;
    this.append(el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': 'Copy', title: 'Copy', onclick: () => this.#copy() }, icon('copy', 'icon-s')));
  }

  async #copy() {
    const text = this.getAttribute('value') ?? this.parentElement.querySelector('pre')?.textContent ?? '';
    const done = await write(text);
    const button = this.querySelector('button');
    button.replaceChildren(icon(done ? 'check' : 'x', 'icon-s'));
    button.setAttribute('aria-label', done ? 'Copied' : 'Could not copy');
    setTimeout(() => {
      button.replaceChildren(icon('copy', 'icon-s'));
      button.setAttribute('aria-label', 'Copy');
    }, 1500);
  }
}

// The clipboard is missing on plain http away from localhost.
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

customElements.define('copy-button', CopyButton);
