/** One crosshair over all charts of a board: where one chart is hovered, the others show that moment. */

const known = new WeakSet();

/** @param {HTMLElement} board */
export function shareCrosshair(board) {
  let frame = 0;
  const show = (at, source) => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      for (const chart of board.querySelectorAll('portal-chart')) if (chart !== source) mark(chart, at);
    });
  };
  board.addEventListener('chart:drawn', ({ target: chart }) => {
    const canvas = canvasOf(chart);
    if (!canvas || known.has(canvas)) return;
    known.add(canvas);
    canvas.on('plotly_hover', ({ points }) => { if (isOverTime(canvas)) show(points[0].x, chart); });
    canvas.on('plotly_unhover', () => show(null, chart));
  });
}

const canvasOf = (chart) => chart.querySelector('.chart-canvas');

/** Whether a drawn chart's x axis is time. */
export const isOverTime = (canvas) => canvas._fullLayout?.xaxis?.type === 'date';

/** Show a line at a moment of the axis; none where the chart does not span it. */
function mark(chart, at) {
  const canvas = canvasOf(chart);
  const place = at === null || !canvas || !isOverTime(canvas) ? NaN : pixel(canvas, at);
  const line = chart.querySelector('.crosshair') ?? (Number.isNaN(place) ? null : made(chart));
  if (!line) return;
  line.hidden = Number.isNaN(place);
  if (!line.hidden) line.style.transform = `translateX(${Math.round(place)}px)`;
}

function made(chart) {
  const line = document.createElement('i');
  line.className = 'crosshair';
  line.setAttribute('aria-hidden', 'true');
  chart.append(line);
  return line;
}

/** Where a moment stands, in pixels from the canvas's left edge; NaN outside the axis. */
function pixel(canvas, at) {
  const axis = canvas._fullLayout.xaxis;
  const along = axis.d2p(at);
  return along >= 0 && along <= axis._length ? axis._offset + along : NaN;
}

/** The moment at a place of the canvas, on the axis's wall clock: "2026-03-01 10:42:07". */
export function momentAt(canvas, clientX) {
  const axis = canvas._fullLayout.xaxis;
  const along = clientX - canvas.getBoundingClientRect().left - axis._offset;
  return String(axis.p2d(Math.min(Math.max(along, 0), axis._length))).slice(0, 19);
}
