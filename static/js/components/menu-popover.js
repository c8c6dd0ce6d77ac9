/** <menu-popover popover role="menu">: arrow keys, Home, End, first letter; closes after a choice. */

class MenuPopover extends HTMLElement {
  connectedCallback() {
    this.addEventListener('keydown', (event) => this.#key(event));
    this.addEventListener('beforetoggle', (event) => {
      if (event.newState === 'open') this.#items().forEach((item, at) => { item.autofocus = !at; });
    });
    this.addEventListener('click', (event) => {
      if (event.target.closest('[role="menuitem"]')) this.hidePopover();
    });
  }

  #items() { return [...this.querySelectorAll('[role^="menuitem"]')]; }

  #key(event) {
    const items = this.#items();
    const at = items.indexOf(document.activeElement);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 };
    const letter = event.key.length === 1 && !event.ctrlKey && !event.metaKey
      ? items.find((item, index) => index > at && startsWith(item, event.key)) ?? items.find((item) => startsWith(item, event.key)) : null;
    const next = event.key in moves ? items[moves[event.key] % items.length] : letter;
    if (event.key === 'Tab') this.hidePopover();
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus();
  }
}

const startsWith = (item, key) => item.textContent.trim().toLowerCase().startsWith(key.toLowerCase());

customElements.define('menu-popover', MenuPopover);
