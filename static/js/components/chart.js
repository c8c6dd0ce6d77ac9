/**
 * <portal-chart label="Sign-ups by day" table-url csv-url fill>
 *   <script type="application/json">{"data": […], "layout": {…}}</script>
 * </portal-chart>
 * or `chart.figure = {data, layout}`. Plotly loads when the first chart comes into view.
 * Events: chart:drawn, chart:zoom {from, to} (cancelable), chart:choose {cell} of a point, chart:failed.
 */

import { openDialog } from 'portal/lib/dialog.js';
import { el, icon } from 'portal/lib/dom.js';
import { labelEnds, recolor, swatch } from 'portal/lib/chart-labels.js';
import { drawLegend, legendIsNeeded } from 'portal/lib/chart-legend.js';
import { dress, padFlows, palette } from 'portal/lib/chart-theme.js';
import { cellOf, describe, hasPoints, pointAt, seriesKey } from 'portal/lib/figure.js';
import { theme } from 'portal/lib/theme.js';
import { turn } from 'portal/lib/turns.js';
import { csvFrom, download, tableFrom } from 'portal/lib/figure-table.js';

const LEAST_BESIDE = 480; // pixels: a legend at the side leaves no room below that
const CONFIG = { displayModeBar: false, responsive: false, showTips: false, doubleClick: 'reset' };

export class PortalChart extends HTMLElement {
  #figure = null;
  #hidden = new Set();
  #canvas;
  #legend;
  #visible = false;
  #drawing = null;
  #again = false;
  #isUrgent = false;
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
    this.#draw(!this.#canvas?.classList.contains('js-plotly-plot'));
  }

  get label() { return this.getAttribute('label') || this.#figure?.layout?.meta?.title || 'Chart'; }

  #build() {
    const script = this.querySelector('script[type="application/json"]');
    if (script) this.#figure ??= JSON.parse(script.textContent);
    this.#canvas = el('div', { class: 'chart-canvas', role: 'img', 'aria-label': this.label });
    this.#legend = el('div', { class: 'chart-legend', role: 'group', 'aria-label': 'Series', hidden: true });
    this.append(this.#canvas, this.#legend);
    if (!this.hasAttribute('plain')) this.append(this.#tools());
  }

  #tools() {
    const button = (name, label, act) => el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': label, title: label, onclick: act }, icon(name, 'icon-s'));
    return el('div', { class: 'chart-tools', role: 'toolbar', 'aria-label': `Tools of ${this.label}` },
      button('zoom-out', 'Zoom out', () => this.zoomOut()),
      button('maximize', 'Expand', () => this.expand()),
      button('table', 'Show as table', () => this.showTable()),
      this.closest('[data-no-csv]') ? null : button('download', 'Download CSV', () => this.downloadCSV()));
  }

  #see(visible) {
    const first = visible && !this.#visible;
    this.#visible = visible;
    if (first) this.#draw();
  }

  /** Draw when it is this chart's turn; a value that only moved waits for what people wait for. */
  async #draw(isUrgent = true) {
    if (!this.#visible || !this.#figure) return;
    this.#isUrgent ||= isUrgent;
    if (this.#drawing) {
      this.#again = true; // the newest figure wins; none queues up
      return;
    }
    this.#drawing = this.#drawOnce().finally(() => { this.#drawing = null; });
    await this.#drawing;
    if (this.#again) {
      this.#again = false;
      this.#draw(this.#isUrgent);
    }
  }

  async #drawOnce() {
    let done = () => {};
    try {
      if (!hasPoints(this.#figure)) return this.#showEmpty();
      const [{ default: Plotly }, source] = await Promise.all([import('plotly'), palette()]);
      this.#clearNote();
      done = await turn(this.#isUrgent);
      this.#isUrgent = false;
      const colors = source.themes[theme()];
      const shown = { ...this.#figure, data: this.#figure.data.filter((trace) => !this.#hidden.has(seriesKey(trace))) };
      const all = dress(this.#figure, theme(), source);
      const dressed = this.#hidden.size ? dress(shown, theme(), source) : all;
      const colorOf = new Map(all.data.map((trace) => [seriesKey(trace), swatch(trace)]));
      for (const trace of dressed.data) recolor(trace, colorOf.get(seriesKey(trace)));
      dressed.layout.hiddenlabels = [...this.#hidden];
      this.#drawLegend(all.data, this.#mayLabelEnds() && labelEnds(dressed, this.#canvas, this.#names().size, colors));
      this.#canvas.setAttribute('aria-label', describe(this.#figure, this.label));
      padFlows(dressed, this.#canvas.clientHeight);
      await Plotly.react(this.#canvas, dressed.data, { ...dressed.layout, width: this.#canvas.clientWidth, height: this.#canvas.clientHeight }, CONFIG);
      this.#listen();
      return this.dispatchEvent(new CustomEvent('chart:drawn', { bubbles: true }));
    } catch (problem) {
      return this.#fail(problem);
    } finally {
      done();
    }
  }

  #mayLabelEnds() { return ['auto', undefined].includes(this.#figure.layout?.meta?.legend?.position); }

  #names() { return new Set(this.#figure.data.map(seriesKey).filter(Boolean)); }

  #drawLegend(data, labelled) {
    const wanted = this.#figure.layout?.meta?.legend ?? {};
    const needed = !this.hasAttribute('plain') && legendIsNeeded(data, labelled, wanted);
    this.#legend.hidden = !needed;
    this.#canvas.style.height = '';
    this.classList.toggle('has-legend-beside', needed && wanted.position === 'right' && this.clientWidth >= LEAST_BESIDE);
    if (!needed) return;
    const focused = this.#legend.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    drawLegend(this.#legend, data, wanted, this.#hidden, (key) => this.#toggle(key));
    if (focused != null) this.#legend.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    if (!this.classList.contains('has-legend-beside')) this.#canvas.style.height = `calc(100% - ${this.#legend.offsetHeight + 4}px)`;
  }

  #toggle(key) {
    if (!this.#hidden.delete(key)) this.#hidden.add(key);
    this.#draw();
  }

  #listen() {
    if (this.#canvas.dataset.listens) return;
    this.#canvas.dataset.listens = 'yes';
    this.#canvas.on('plotly_click', ({ points, event }) => {
      const point = pointAt(points, event.clientY - this.#canvas.getBoundingClientRect().top);
      this.dispatchEvent(new CustomEvent('chart:choose', { bubbles: true, detail: { cell: cellOf(point, this.#figure) } }));
    });
    this.#canvas.on('plotly_relayout', (change) => {
      const [from, to] = [change['xaxis.range[0]'], change['xaxis.range[1]']];
      if (from !== undefined) this.dispatchEvent(new CustomEvent('chart:zoom', { bubbles: true, cancelable: true, detail: { from, to } }));
    });
  }

  #resize() {
    if (this.#visible && this.#canvas?.classList.contains('js-plotly-plot')) this.#draw();
  }

  async zoomOut() {
    const { default: Plotly } = await import('plotly');
    await Plotly.relayout(this.#canvas, { 'xaxis.autorange': true });
    this.dispatchEvent(new CustomEvent('chart:zoom', { bubbles: true, cancelable: true, detail: { from: null, to: null } }));
  }

  expand() {
    const large = el('portal-chart', { label: this.label, fill: true });
    large.figure = this.#figure;
    openDialog(this.label, [large], 'chart-dialog');
  }

  showTable() {
    const url = this.getAttribute('table-url');
    if (url) location.assign(url);
    else openDialog(this.label, [el('div', { class: 'chart-table', tabindex: '0' }, tableFrom(this.#figure, this.label))], 'chart-dialog');
  }

  downloadCSV() {
    const url = this.getAttribute('csv-url');
    if (url) location.assign(url);
    else download(`${this.label}.csv`, csvFrom(this.#figure));
  }

  #showEmpty() {
    this.#note('empty', el('p', { class: 'state' }, this.getAttribute('empty') ?? 'Nothing was counted in this range.'));
  }

  #fail(problem) {
    console.error('The chart could not be drawn', problem);
    const note = el('p', { class: 'faint small' }, 'The chart could not be drawn; these are its values.');
    this.#note('error', note, tableFrom(this.#figure, this.label));
    this.dispatchEvent(new CustomEvent('chart:failed', { bubbles: true, detail: { problem } }));
  }

  /** Words in the chart's place: it is empty, or it failed. */
  #note(kind, ...content) {
    this.#clearNote();
    this.#canvas.hidden = true;
    this.#legend.hidden = true;
    this.append(el('div', { class: 'chart-table', tabindex: '0', role: 'group', 'aria-label': this.label, [`data-${kind}`]: true }, ...content));
  }

  #clearNote() {
    this.querySelector(':scope > .chart-table')?.remove();
    this.#canvas.hidden = false;
  }
}

customElements.define('portal-chart', PortalChart);
