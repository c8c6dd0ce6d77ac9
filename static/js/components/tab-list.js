/** <tab-list class="tabs" role="tablist"> with role="tab" aria-controls buttons: arrows move, focus selects. */

class TabList extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', (event) => this.#choose(event.target.closest('[role="tab"]')));
    this.addEventListener('keydown', (event) => this.#key(event));
    const tabs = this.#tabs();
    this.#choose(tabs.find((tab) => tab.getAttribute('aria-selected') === 'true') ?? tabs[0], false);
  }

  #tabs() { return [...this.querySelectorAll('[role="tab"]')]; }

  #choose(chosen, announce = true) {
    if (!chosen) return;
    for (const tab of this.#tabs()) {
      const isChosen = tab === chosen;
      tab.setAttribute('aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute('aria-controls'));
      if (panel) panel.hidden = !isChosen;
    }
    if (announce) this.dispatchEvent(new CustomEvent('tab:chosen', { bubbles: true, detail: { tab: chosen } }));
  }

  #key(event) {
    const tabs = this.#tabs();
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    tabs[to % tabs.length].focus();
    this.#choose(tabs[to % tabs.length]);
  }
}

customElements.define('tab-list', TabList);
