/**
 * Where boxes stand: 24 columns, rows of one height. Pure: areas in, new areas out.
 *
 * A layout is a list of {id, x, y, w, h} that do not overlap. What is moved or resized has its place
 * first; others give way downwards, and then everything moves up as far as it can.
 *
 * @typedef {{id: string, x: number, y: number, w: number, h: number}} Area
 */

export const COLUMNS = 24;
export const HIGHEST = 60;
const MOST_TRIES = 500;

export const overlaps = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** In the order in which one reads: from the top, and from the left. */
export const reading = (areas) => [...areas].sort((a, b) => a.y - b.y || a.x - b.x);

export const bottom = (areas) => areas.reduce((most, area) => Math.max(most, area.y + area.h), 0);

const limited = (value, low, high) => Math.min(Math.max(value, low), high);

/** Make an area lie on the grid. */
export function fitted(area) {
  const w = limited(area.w, 1, COLUMNS);
  return { ...area, w, h: limited(area.h, 1, HIGHEST), x: limited(area.x, 0, COLUMNS - w), y: Math.max(area.y, 0) };
}

/** Move everything up as far as it can; on a tie those of `first` come first. */
export function compacted(areas, first = new Set()) {
  const rank = (area) => (first.has(area.id) ? 0 : 1);
  const sorted = [...areas].sort((a, b) => a.y - b.y || rank(a) - rank(b) || a.x - b.x);
  const done = [];
  for (const area of sorted) {
    const above = done.filter((other) => other.x < area.x + area.w && area.x < other.x + other.w);
    done.push({ ...area, y: bottom(above) });
  }
  return done;
}

/** Put `fixed` down as they are; whatever lies under them gives way downwards. */
function pushed(areas, fixed) {
  const done = [...fixed];
  for (const area of reading(areas)) {
    let free = area;
    for (let hit = first(done, free); hit; hit = first(done, free)) free = { ...free, y: hit.y + hit.h };
    done.push(free);
  }
  return compacted(done, new Set(fixed.map((area) => area.id)));
}

const first = (areas, area) => areas.find((other) => overlaps(other, area));

/** Move a group by columns and rows; it keeps its shape. */
export function moved(areas, ids, dx, dy) {
  const group = areas.filter((area) => ids.has(area.id));
  if (!group.length) return areas;
  const [left, right, top] = [Math.min(...group.map((one) => one.x)), Math.max(...group.map((one) => one.x + one.w)), Math.min(...group.map((one) => one.y))];
  const by = { x: limited(dx, -left, COLUMNS - right), y: Math.max(dy, -top) };
  const rest = compacted(areas.filter((area) => !ids.has(area.id)));
  return pushed(rest, settled(rest, group.map((area) => ({ ...area, x: area.x + by.x, y: area.y + by.y }))));
}

/** A box whose upper half is free of the group stays, and the group goes below it. */
function settled(rest, group) {
  let found = group;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const pair = found.flatMap((area) => rest.filter((other) => overlaps(other, area) && area.y > other.y + other.h / 2).map((other) => ({ area, other })))[0];
    if (!pair) return found;
    const down = pair.other.y + pair.other.h - pair.area.y;
    found = found.map((area) => ({ ...area, y: area.y + down }));
  }
  return found;
}

/** Give one box another area; what stands above and beside it stays. */
export function resized(areas, id, area) {
  const own = areas.find((one) => one.id === id);
  return own ? pushed(areas.filter((one) => one.id !== id), [fitted({ ...own, ...area })]) : areas;
}

/** Move a group a step with the keys; down and up go as far as the first place that changes anything. */
export function stepped(areas, ids, dx, dy) {
  if (!dy) return moved(areas, ids, dx, 0);
  const furthest = bottom(areas) + 1;
  for (let step = 1; step <= furthest; step += 1) {
    const found = moved(areas, ids, 0, Math.sign(dy) * step);
    if (!sameAreas(found, areas)) return found;
  }
  return areas;
}

export function sameAreas(a, b) {
  const known = new Map(b.map((area) => [area.id, area]));
  return a.length === b.length && a.every((area) => ['x', 'y', 'w', 'h'].every((name) => known.get(area.id)?.[name] === area[name]));
}

/** The first free place for a box, row by row and from the left, at or below a row. */
export function freePlace(areas, w, h, from = 0) {
  const rows = [from, ...areas.map((area) => area.y + area.h).filter((y) => y >= from), Math.max(from, bottom(areas))].sort((a, b) => a - b);
  const columns = [0, ...areas.map((area) => area.x + area.w).filter((x) => x + w <= COLUMNS)].sort((a, b) => a - b);
  for (const y of rows) {
    for (const x of columns) {
      if (!areas.some((area) => overlaps(area, { x, y, w, h }))) return { x, y, w, h };
    }
  }
  return { x: 0, y: bottom(areas), w, h };
}

/** One column, as on a phone: exchange a box with the one before or after it in reading order. */
export function reordered(areas, id, by) {
  const order = reading(areas);
  const at = order.findIndex((area) => area.id === id);
  const [own, other] = [order[at], order[at + by]];
  if (!own || !other) return areas;
  if (own.w === other.w && own.h === other.h) return areas.map((area) => (area.id === id ? { ...area, x: other.x, y: other.y } : area.id === other.id ? { ...area, x: own.x, y: own.y } : area));
  const [upper, lower] = by < 0 ? [own, other] : [other, own];
  const rest = areas.filter((area) => area.id !== upper.id);
  const place = fitted({ ...upper, x: lower.x, y: lower.y });
  return pushed(rest, [place]);
}
