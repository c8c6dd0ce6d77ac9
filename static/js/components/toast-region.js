/** <toast-region>: shows what `toast(text, kind)` says; critical ones stay until closed. */

import { el, icon } from 'portal/lib/dom.js';

const ICONS = { info: 'info', success: 'circle-check', warning: 'triangle-alert', critical: 'circle-alert' };
const STAY_MS = 5000;

class ToastRegion extends HTMLElement {
  #onToast = (event) => this.show(event.detail.text, event.detail.kind);

  connectedCallback() {
    this.classList.add('toasts');
    this.setAttribute('role', 'status');
    this.setAttribute('popover', 'manual');
    document.addEventListener('portal:toast', this.#onToast);
  }

  disconnectedCallback() { document.removeEventListener('portal:toast', this.#onToast); }

  show(text, kind = 'info') {
    const close = el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': 'Dismiss', onclick: () => this.#remove(note) }, icon('x', 'icon-s'));
    const note = el('div', { class: `toast toast-${kind}` }, icon(ICONS[kind] ?? 'info'), el('p', {}, text), close);
    this.append(note);
    if (this.matches(':popover-open')) this.hidePopover();
    this.showPopover(); // anew, so that it lies above a dialog opened since
    if (kind !== 'critical') setTimeout(() => this.#remove(note), STAY_MS);
  }

  #remove(note) {
    note.remove();
    if (!this.firstChild && this.matches(':popover-open')) this.hidePopover();
  }
}

customElements.define('toast-region', ToastRegion);
