/**
 * Rows that fold: what stands below a row, up to the next row, belongs to it. Places in a document are
 * those with all rows open; folding only shows them differently. Pure; used by boards and the editor.
 *
 * @typedef {{id: string, y: number, h: number, isRow?: boolean}} Standing
 */

/** The rows of a page from the top, each with what belongs to it and the heights of that. */
export function sections(standing) {
  const rows = standing.filter((one) => one.isRow).sort((a, b) => a.y - b.y);
  const lowest = standing.reduce((most, one) => Math.max(most, one.y + one.h), 0);
  return rows.map((row, index) => {
    const [begin, end] = [row.y + row.h, rows[index + 1]?.y ?? lowest];
    const members = standing.filter((one) => !one.isRow && one.y >= begin && one.y < end);
    return { id: row.id, begin, end: Math.max(begin, end), members: members.map((one) => one.id) };
  });
}

/**
 * Where everything is shown while some rows are folded: `tops` by id, and the ids that are `hidden`.
 * @param {Standing[]} standing
 * @param {Set<string>} folded ids of rows
 */
export function shownAt(standing, folded) {
  const closed = sections(standing).filter((section) => folded.has(section.id));
  const hidden = new Set(closed.flatMap((section) => section.members));
  const tops = new Map(standing.map((one) => [one.id, one.y - gone(closed, one.y)]));
  return { hidden, tops };
}

const gone = (closed, y) => closed.filter((section) => section.end <= y).reduce((sum, section) => sum + section.end - section.begin, 0);

/** The place in the document of a row of the grid that is pointed at. */
export function openedAt(standing, folded, y) {
  let found = y;
  for (const section of sections(standing).filter((one) => folded.has(one.id))) {
    if (found >= section.begin) found += section.end - section.begin;
  }
  return found;
}
