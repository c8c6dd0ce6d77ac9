/**
 * <portal-chart label="Sign-ups by day" table-url csv-url fill>
 *   <script type="application/json">{"data": […], "layout": {…}}</script>
 * </portal-chart>
 * or `chart.figure = {data, layout}`. Plotly loads when the first chart comes into view.
 * Events: chart:drawn, chart:zoom {from, to} (cancelable), chart:failed.
 */

import { el, icon } from 'portal/lib/dom.js';
import { labelEnds, legendEntries, recolor, swatch } from 'portal/lib/chart-labels.js';
import { dress, extent, palette, seriesKey } from 'portal/lib/chart-theme.js';
import { humanize } from 'portal/lib/format.js';
import { theme } from 'portal/lib/theme.js';
import { csvFrom, download, tableFrom } from 'portal/lib/figure-table.js';

const CONFIG = { displayModeBar: false, responsive: false, showTips: false, doubleClick: 'reset' };

export class PortalChart extends HTMLElement {
  #figure = null;
  #hidden = new Set();
  #canvas;
  #legend;
  #visible = false;
  #drawing = null;
  #again = false;
  #observers = [];
  #onTheme = () => this.#draw();

  connectedCallback() {
    if (!this.#canvas) this.#build();
    const seen = new IntersectionObserver(([entry]) => this.#see(entry.isIntersecting), { rootMargin: '200px' });
    const sized = new ResizeObserver(() => this.#resize());
    seen.observe(this);
    sized.observe(this);
    this.#observers = [seen, sized];
    document.addEventListener('portal:theme', this.#onTheme);
  }

  disconnectedCallback() {
    this.#observers.forEach((observer) => observer.disconnect());
    document.removeEventListener('portal:theme', this.#onTheme);
  }

  get figure() { return this.#figure; }

  set figure(figure) {
    this.#figure = figure;
    this.#draw();
  }

  get label() { return this.getAttribute('label') || this.#figure?.layout?.meta?.title || 'Chart'; }

  #build() {
    const script = this.querySelector('script[type="application/json"]');
    if (script) this.#figure ??= JSON.parse(script.textContent);
    this.#canvas = el('div', { class: 'chart-canvas', role: 'img', 'aria-label': this.label });
    this.#legend = el('ul', { class: 'chart-legend', 'aria-label': 'Series', hidden: true });
    this.append(this.#canvas, this.#legend);
    if (!this.hasAttribute('plain')) this.append(this.#tools());
  }

  #tools() {
    const button = (name, label, act) => el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': label, title: label, onclick: act }, icon(name, 'icon-s'));
    return el('div', { class: 'chart-tools', role: 'toolbar', 'aria-label': `Tools of ${this.label}` },
      button('zoom-out', 'Zoom out', () => this.zoomOut()),
      button('maximize', 'Expand', () => this.expand()),
      button('table', 'Show as table', () => this.showTable()),
      button('download', 'Download CSV', () => this.downloadCSV()));
  }

  #see(visible) {
    const first = visible && !this.#visible;
    this.#visible = visible;
    if (first) this.#draw();
  }

  async #draw() {
    if (!this.#visible || !this.#figure) return;
    if (this.#drawing) {
      this.#again = true; // the newest figure wins; none queues up
      return;
    }
    this.#drawing = this.#drawOnce().finally(() => { this.#drawing = null; });
    await this.#drawing;
    if (this.#again) {
      this.#again = false;
      this.#draw();
    }
  }

  async #drawOnce() {
    try {
      const [{ default: Plotly }, source] = await Promise.all([import('plotly'), palette()]);
      const colors = source.themes[theme()];
      const shown = { ...this.#figure, data: this.#figure.data.filter((trace) => !this.#hidden.has(seriesKey(trace))) };
      const all = dress(this.#figure, theme(), source);
      const dressed = dress(shown, theme(), source);
      const colorOf = new Map(all.data.map((trace) => [seriesKey(trace), swatch(trace)]));
      for (const trace of dressed.data) recolor(trace, colorOf.get(seriesKey(trace)));
      dressed.layout.hiddenlabels = [...this.#hidden];
      this.#drawLegend(all.data, labelEnds(dressed, this.#canvas, this.#names().size, colors));
      this.#canvas.setAttribute('aria-label', this.#sentence());
      await Plotly.react(this.#canvas, dressed.data, { ...dressed.layout, width: this.#canvas.clientWidth, height: this.#canvas.clientHeight }, CONFIG);
      this.#listen();
      this.dispatchEvent(new CustomEvent('chart:drawn', { bubbles: true }));
    } catch (problem) {
      this.#fail(problem);
    }
  }

  #names() { return new Set(this.#figure.data.map(seriesKey).filter(Boolean)); }

  #drawLegend(data, labelled) {
    const named = legendEntries(data);
    const needed = !labelled && named.size > 1 && !this.hasAttribute('plain');
    this.#legend.hidden = !needed;
    this.#canvas.style.height = '';
    if (!needed) return;
    this.#legend.replaceChildren(...[...named].map(([key, entry]) => this.#legendItem(key, entry)));
    this.#canvas.style.height = `calc(100% - ${this.#legend.offsetHeight + 4}px)`;
  }

  #legendItem(key, { name, color }) {
    const toggle = () => {
      if (!this.#hidden.delete(key)) this.#hidden.add(key);
      this.#draw().then(() => this.#legend.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus());
    };
    const mark = el('i');
    mark.style.setProperty('--swatch', color);
    return el('li', {}, el('button', { type: 'button', 'data-key': key, 'aria-pressed': String(!this.#hidden.has(key)), onclick: toggle }, mark, name));
  }

  #sentence() {
    const unit = this.#figure.layout?.meta?.unit ?? '';
    const series = this.#figure.data.filter((trace) => trace.y && !trace.meta?.role);
    const [low, high] = extent(series.map((trace) => ({ ...trace, type: 'scatter', fill: undefined })), '');
    if (!series.length || !Number.isFinite(high)) return this.label;
    return `${this.label}: ${series.length} series, from ${humanize(low, unit)} to ${humanize(high, unit)}. The table has every value.`;
  }

  #listen() {
    if (this.#canvas.dataset.listens) return;
    this.#canvas.dataset.listens = 'yes';
    this.#canvas.on('plotly_relayout', (change) => {
      const [from, to] = [change['xaxis.range[0]'], change['xaxis.range[1]']];
      if (from !== undefined) this.dispatchEvent(new CustomEvent('chart:zoom', { bubbles: true, cancelable: true, detail: { from, to } }));
    });
  }

  #resize() {
    if (!this.#visible || !this.#canvas?.classList.contains('js-plotly-plot')) return;
    this.#draw();
  }

  async zoomOut() {
    const { default: Plotly } = await import('plotly');
    await Plotly.relayout(this.#canvas, { 'xaxis.autorange': true });
    this.dispatchEvent(new CustomEvent('chart:zoom', { bubbles: true, cancelable: true, detail: { from: null, to: null } }));
  }

  expand() {
    const large = el('portal-chart', { label: this.label, fill: true });
    large.figure = this.#figure;
    this.#openDialog(large);
  }

  showTable() {
    const url = this.getAttribute('table-url');
    if (url) location.assign(url);
    else this.#openDialog(el('div', { class: 'chart-table', tabindex: '0' }, tableFrom(this.#figure, this.label)));
  }

  downloadCSV() {
    const url = this.getAttribute('csv-url');
    if (url) location.assign(url);
    else download(`${this.label}.csv`, csvFrom(this.#figure));
  }

  #openDialog(content) {
    const close = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('x'));
    const dialog = el('dialog', { class: 'chart-dialog', 'aria-label': this.label, onclose: () => dialog.remove() },
      el('div', { class: 'dialog-head' }, el('h2', {}, this.label), close),
      el('div', { class: 'dialog-body' }, content));
    document.body.append(dialog);
    dialog.showModal();
  }

  #fail(problem) {
    console.error('The chart could not be drawn', problem);
    this.#canvas.style.height = '';
    this.#canvas.removeAttribute('role');
    this.#canvas.removeAttribute('aria-label');
    const note = el('p', { class: 'faint small' }, 'The chart could not be drawn; these are its values.');
    this.#canvas.replaceChildren(el('div', { class: 'chart-table', tabindex: '0', 'aria-label': `${this.label}, as a table` }, note, tableFrom(this.#figure, this.label)));
    this.dispatchEvent(new CustomEvent('chart:failed', { bubbles: true, detail: { problem } }));
  }
}

customElements.define('portal-chart', PortalChart);
