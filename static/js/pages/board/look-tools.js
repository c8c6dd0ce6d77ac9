/**
 * <look-tools kinds='[{"kind","label"}]' default marks may-annotate>: how a dashboard is looked at
 * beside its range: refresh, comparison, marks, notes, and a link to this very moment.
 */

import { el, icon, toast } from 'portal/lib/dom.js';
import { requestJSON } from 'portal/lib/http.js';
import { asParameters, instants, shifted, zoomedOut } from 'portal/lib/range-steps.js';
import { atThisMoment, lookAt, readLook, withParameters } from 'portal/lib/look.js';
import { place } from 'portal/lib/popovers.js';
import { shortcut } from 'portal/lib/shortcuts.js';
import { readRange } from 'portal/lib/time-range.js';
import { writeNote } from 'portal/pages/board/notes.js';

const REFRESH = [['', 'As each widget has it'], ['off', 'Off'], ['5s', '5 seconds'], ['10s', '10 seconds'], ['30s', '30 seconds'], ['1m', '1 minute'], ['5m', '5 minutes'], ['15m', '15 minutes']];
const PREVIOUS = 'previous_period';

class LookTools extends HTMLElement {
  #button;
  #panel;
  #kept;

  connectedCallback() {
    if (this.#button) return;
    this.#panel = el('div', { class: 'popover look-panel', id: 'look-panel', popover: 'auto', role: 'dialog', 'aria-label': 'How this is shown' });
    this.#button = el('button', { type: 'button', class: 'icon-button', popovertarget: 'look-panel', 'aria-haspopup': 'dialog', 'aria-label': 'Refresh, compare, marks, link', title: 'Refresh, compare, marks, link' }, icon('sliders-horizontal'));
    this.#kept = el('a', { class: 'button look-kept', hidden: true });
    this.#panel.addEventListener('beforetoggle', (event) => { if (event.newState === 'open') this.#fill(); });
    this.#panel.addEventListener('toggle', (event) => { if (event.newState === 'open') place(this.#panel, this.#button); });
    this.append(this.#kept, this.#button, this.#panel);
    document.addEventListener('look:changed', this.#sayKept);
    addEventListener('popstate', this.#sayKept);
    this.#sayKept();
    this.#bind();
  }

  disconnectedCallback() {
    document.removeEventListener('look:changed', this.#sayKept);
    removeEventListener('popstate', this.#sayKept);
  }

  #bind() {
    shortcut('[', 'Go to an earlier range', () => this.#go((range) => shifted(range, -1)));
    shortcut(']', 'Go to a later range', () => this.#go((range) => shifted(range, 1)));
    shortcut('-', 'Zoom out', () => this.#go((range) => zoomedOut(range, new Date())));
    shortcut('c', 'Compare with the period before', () => this.#compare(readLook().compare !== PREVIOUS));
    shortcut('l', 'Copy a link to this moment', () => this.#copy());
    if (this.hasAttribute('may-annotate')) shortcut('n', 'Add a note to the charts', () => writeNote());
  }

  get #range() { return instants(readRange(this.getAttribute('default') ?? '-7d'), new Date()); }

  #go(step) {
    lookAt(withParameters({ ...asParameters(step(this.#range)), as_of: '' }));
  }

  #compare(isOn) { lookAt(withParameters({ compare: isOn ? PREVIOUS : '' })); }

  /** A moment that is kept is said, with the way back. */
  #sayKept = () => {
    const asOf = readLook().as_of;
    this.#kept.hidden = !asOf;
    if (!asOf) return;
    const at = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: readRange().tz }).format(new Date(asOf));
    this.#kept.href = withParameters({ as_of: '', from: '', to: '' }).href;
    this.#kept.title = 'Everything is shown as of this moment. Go back to now';
    this.#kept.replaceChildren(icon('history'), el('span', {}, `As of ${at}`), icon('x', 'icon-s'));
  };

  #fill() {
    const look = readLook();
    const refresh = el('select', { class: 'select', id: 'look-refresh', onchange: ({ target }) => lookAt(withParameters({ refresh: target.value })) },
      ...REFRESH.map(([value, label]) => el('option', { value, selected: value === (look.refresh ?? '') }, label)));
    this.#panel.replaceChildren(
      el('div', { class: 'field' }, el('label', { for: 'look-refresh' }, 'Refresh'), refresh),
      el('div', { class: 'look-steps', role: 'group', 'aria-label': 'Step through time' },
        this.#act('chevron-left', 'Earlier', '[', () => this.#go((range) => shifted(range, -1))),
        this.#act('zoom-out', 'Wider', '-', () => this.#go((range) => zoomedOut(range, new Date()))),
        this.#act('chevron-right', 'Later', ']', () => this.#go((range) => shifted(range, 1)))),
      this.#switch('Compare with the period before', look.compare === PREVIOUS, (isOn) => this.#compare(isOn)),
      ...this.#marks(look),
      el('hr'), this.#act('link', 'Copy link to this moment', 'l', () => this.#copy()),
      ...(this.hasAttribute('may-annotate') ? [this.#act('pencil', 'Add a note', 'n', () => { this.#panel.hidePopover(); writeNote(); })] : []));
  }

  #act(name, label, key, act) {
    return el('button', { type: 'button', class: 'menu-item', onclick: act }, icon(name), el('span', {}, label), el('kbd', { class: 'push' }, key));
  }

  #switch(label, isOn, change) {
    return el('label', { class: 'switch look-switch' }, el('input', { type: 'checkbox', role: 'switch', checked: isOn, onchange: ({ target }) => change(target.checked) }), label);
  }

  #marks(look) {
    const kinds = JSON.parse(this.getAttribute('kinds') || '[]');
    const usual = (this.getAttribute('marks') ?? '').split(',');
    const shown = new Set(look.marks ? look.marks.split(',') : usual);
    return kinds.map(({ kind, label }) => this.#switch(`Mark ${label.toLowerCase()}`, shown.has(kind), (isOn) => {
      if (isOn) shown.add(kind);
      else shown.delete(kind);
      lookAt(withParameters({ marks: kinds.map((one) => one.kind).filter((one) => shown.has(one)).join(',') || 'none' }));
    }));
  }

  /** The server says which range and values are shown: "last 7 days" begins at a midnight. */
  async #copy() {
    try {
      const shown = await requestJSON(`/api/v1/dashboards/${this.getAttribute('ident')}/variables${location.search}`);
      const url = atThisMoment(shown);
      await navigator.clipboard.writeText(url.href).then(
        () => toast('Copied: whoever opens it sees this picture, also tomorrow.', 'success'),
        () => { lookAt(url); toast('The address now names this moment: copy it from there.', 'info'); },
      );
    } catch (failure) {
      toast(failure.message, 'critical');
    }
  }
}

customElements.define('look-tools', LookTools);
