/** Steps through time: a range earlier or later, twice as long; pure, instants in, instants out. */

const HOUR_MS = 3_600_000;
const UNITS = { m: HOUR_MS / 60, h: HOUR_MS, d: 24 * HOUR_MS, w: 168 * HOUR_MS, mo: 730 * HOUR_MS };
const LONGEST_MS = 50 * 365 * 24 * HOUR_MS;

/**
 * The instants of a range as the address has it.
 * @param {{from: string, to: string}} range
 * @param {Date} now
 */
export function instants({ from, to }, now) {
  const end = to ? new Date(to) : now;
  const [, number, unit] = /^(?:now)?-(\d+)(m|h|d|w|mo)$/.exec(from) ?? [];
  const start = number ? new Date(end - number * UNITS[unit]) : new Date(from === 'all' ? 0 : from);
  return { start: Number.isNaN(start.getTime()) ? new Date(end - UNITS.w) : start, end };
}

/** As long, but earlier (-1) or later (1) by half of itself. */
export function shifted({ start, end }, by) {
  const step = ((end - start) / 2) * by;
  return { start: new Date(+start + step), end: new Date(+end + step) };
}

/** Twice as long around the same middle; never beyond now. */
export function zoomedOut({ start, end }, now) {
  const half = Math.min((end - start) / 2, LONGEST_MS);
  const last = Math.min(+end + half, Math.max(+now, +end));
  return { start: new Date(Math.max(0, last - (end - start) - 2 * half)), end: new Date(last) };
}

const second = (at) => new Date(Math.round(at / 1000) * 1000).toISOString().replace('.000Z', 'Z');

/** The range as the address has it, to the second. */
export const asParameters = ({ start, end }) => ({ from: second(start), to: second(end) });
