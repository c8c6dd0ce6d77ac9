/** <command-palette>: Ctrl-K. Pages from the navigation, actions, and what the server's search finds. */

import { openDialog } from 'portal/lib/dialog.js';
import { el, icon, jsonScript } from 'portal/lib/dom.js';
import { requestJSON } from 'portal/lib/http.js';
import { shortcut, shortcuts } from 'portal/lib/shortcuts.js';
import { chooseTheme } from 'portal/lib/theme.js';

const WAIT_MS = 120;
const KIND_ICONS = { dashboard: 'layout-dashboard', playlist: 'play', insight: 'chart-line', event: 'list', person: 'user', page: 'file-text' };

class CommandPalette extends HTMLElement {
  #dialog;
  #input;
  #list;
  #options = [];
  #at = 0;
  #timer = 0;
  #abort = null;
  #found = [];

  connectedCallback() {
    shortcut('Ctrl K', 'Search and commands', () => this.open(), 'Everywhere');
    shortcut('/', 'Search and commands', () => this.open(), 'Everywhere');
    shortcut('?', 'Keyboard shortcuts', () => this.help(), 'Everywhere');
    document.addEventListener('click', (event) => {
      const command = event.target.closest?.('[data-command]')?.dataset.command;
      if (command === 'palette') this.open();
      if (command === 'shortcuts') this.help();
    });
  }

  open() {
    if (!this.#dialog) this.#build();
    if (this.#dialog.open) return;
    this.#input.value = '';
    this.#found = [];
    this.#dialog.showModal();
    this.#render();
    this.#search(); // without words: what one starred and opened lately
  }

  #build() {
    this.#input = el('input', { type: 'text', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'palette-list', 'aria-autocomplete': 'list', 'aria-label': 'Search pages, dashboards and actions', placeholder: 'Search pages, dashboards and actions', autocomplete: 'off', spellcheck: 'false', oninput: () => this.#typed(), onkeydown: (event) => this.#key(event) });
    this.#list = el('div', { class: 'palette-list', id: 'palette-list', role: 'listbox', 'aria-label': 'Results' });
    this.#dialog = el('dialog', { class: 'palette', 'aria-label': 'Search and commands' },
      el('div', { class: 'palette-input' }, icon('search'), this.#input),
      this.#list,
      el('div', { class: 'palette-foot', 'aria-hidden': 'true' },
        el('span', {}, el('kbd', {}, '↑'), el('kbd', {}, '↓'), 'choose'), el('span', {}, el('kbd', {}, '↵'), 'open'), el('span', {}, el('kbd', {}, 'Esc'), 'close')));
    this.append(this.#dialog);
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), WAIT_MS);
    this.#at = 0;
    this.#render();
  }

  async #search() {
    const { search } = document.documentElement.dataset;
    const words = this.#input.value.trim();
    this.#abort?.abort();
    if (!search) return this.#show([]);
    this.#abort = new AbortController();
    try {
      this.#show(await requestJSON(`${search}?q=${encodeURIComponent(words)}`, { signal: this.#abort.signal }));
    } catch (problem) {
      if (problem.name !== 'AbortError') this.#show([]); // pages and actions still answer
    }
    return undefined;
  }

  #show(found) {
    this.#found = Array.isArray(found) ? found : found?.results ?? [];
    this.#render();
  }

  #render() {
    const words = this.#input.value.trim().toLowerCase();
    const matching = [...pages(), ...actions(this)].filter((entry) => matches(entry, words)).sort((a, b) => begins(b, words) - begins(a, words));
    const found = this.#found.map((item) => ({ label: item.label, icon: item.starred ? 'star' : KIND_ICONS[String(item.kind).toLowerCase()] ?? 'file-text', group: words ? 'Found' : 'Yours', act: () => location.assign(item.url) }));
    this.#options = [...(words ? [] : found), ...matching.filter((entry) => entry.group === 'Pages'), ...(words ? found : []), ...matching.filter((entry) => entry.group !== 'Pages')];
    this.#list.replaceChildren(...this.#grouped());
    if (!this.#options.length) this.#list.append(el('div', { class: 'palette-none', role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false' }, `Nothing is called “${this.#input.value}”.`));
    this.#point(Math.min(this.#at, this.#options.length - 1));
  }

  #grouped() {
    const groups = new Map();
    this.#options.forEach((entry, index) => {
      const group = groups.get(entry.group) ?? el('div', { role: 'group', 'aria-label': entry.group }, el('div', { class: 'palette-group', 'aria-hidden': 'true' }, entry.group));
      group.append(this.#option(entry, index));
      groups.set(entry.group, group);
    });
    return groups.values();
  }

  #option(entry, index) {
    const keys = entry.keys ? el('span', { class: 'keys' }, ...entry.keys.split(' ').map((key) => el('kbd', {}, key))) : null;
    return el('div', { class: 'palette-option', role: 'option', id: `palette-option-${index}`, 'aria-selected': 'false', onclick: () => this.#run(index), onpointermove: () => this.#point(index) }, icon(entry.icon), el('span', { class: 'truncate' }, entry.label), keys);
  }

  #point(index) {
    this.#at = Math.max(0, index);
    this.#list.querySelectorAll('[aria-selected="true"]').forEach((option) => option.setAttribute('aria-selected', 'false'));
    const option = this.#list.querySelector(`#palette-option-${this.#at}`);
    option?.setAttribute('aria-selected', 'true');
    option?.scrollIntoView({ block: 'nearest' });
    if (option) this.#input.setAttribute('aria-activedescendant', option.id);
    else this.#input.removeAttribute('aria-activedescendant');
  }

  #key(event) {
    const last = this.#options.length - 1;
    const to = { ArrowDown: this.#at === last ? 0 : this.#at + 1, ArrowUp: this.#at === 0 ? last : this.#at - 1, PageDown: last, PageUp: 0 }[event.key];
    if (event.key === 'Enter') this.#run(this.#at);
    if (to === undefined && event.key !== 'Enter') return;
    event.preventDefault();
    if (to !== undefined) this.#point(to);
  }

  #run(index) {
    const entry = this.#options[index];
    if (!entry) return;
    this.#dialog.close();
    entry.act();
  }

  help() {
    const groups = Map.groupBy(shortcuts().filter((binding) => binding.keys !== '/'), (binding) => binding.group);
    const lists = [...groups].map(([name, bound]) => el('section', { class: 'stack-s' }, el('h3', {}, name), el('ul', { class: 'shortcuts', role: 'list' }, ...bound.map(line))));
    openDialog('Keyboard shortcuts', [el('div', { class: 'stack' }, ...lists)], 'dialog dialog-wide');
  }
}

const line = (binding) => el('li', {}, el('span', {}, binding.label), el('span', { class: 'keys' }, ...binding.keys.split(' ').map((key) => el('kbd', {}, key))));

function pages() {
  const sections = jsonScript('nav-entries') ?? [];
  return sections.flatMap((section) => section.items.map((item) => ({
    label: section.label ? `${section.label}: ${item.label}` : item.label, icon: item.icon, group: 'Pages', keys: item.key ? `g ${item.key}` : '', act: () => location.assign(item.url),
  })));
}

function actions(palette) {
  const theme = (choice, name) => ({ label: `Theme: ${choice}`, icon: name, group: 'Actions', act: () => chooseTheme(choice) });
  return [theme('light', 'sun'), theme('dark', 'moon'), theme('system', 'monitor'), { label: 'Keyboard shortcuts', icon: 'keyboard', group: 'Actions', keys: '?', act: () => palette.help() }];
}

const matches = (entry, words) => words.split(/\s+/).every((word) => entry.label.toLowerCase().includes(word));

/** A word that begins with what was typed comes before one that has it inside. */
const begins = (entry, words) => Number(entry.label.toLowerCase().split(/\W+/).some((word) => word.startsWith(words)));

customElements.define('command-palette', CommandPalette);
