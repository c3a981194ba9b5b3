/** Aligned columns. */
import { escapeText } from './escape.js';

/** A column of a table of `T`. */
export interface Column<T> {
  readonly title: string;
  /** The cell's text; it is escaped. */
  readonly value: (row: T) => string;
  /** Adds colour to the padded text. Default: none. */
  readonly paint?: (text: string, row: T) => string;
}

const GAP = '  ';

/** A title line and a line for each row. */
export function formatTable<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const cells = rows.map((row) => columns.map((column) => escapeText(column.value(row)) || '-'));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => widthOf(line[index] ?? ''))),
  );
  const title = joinCells(columns.map((column, index) => pad(column.title, widths, index)));
  const lines = rows.map((row, line) =>
    joinCells(
      columns.map((column, index) => {
        const text = pad(cells[line]?.[index] ?? '', widths, index);
        return column.paint === undefined ? text : column.paint(text, row);
      }),
    ),
  );
  return [title, ...lines].map((line) => `${line}\n`).join('');
}

/** `Name:  value` lines, the values aligned; those without a value are left out. */
export function formatPairs(pairs: readonly (readonly [name: string, value: string])[]): string {
  const shown = pairs.filter(([, value]) => value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 1;
  return shown.map(([name, value]) => `${`${name}:`.padEnd(width)} ${escapeText(value)}\n`).join('');
}

function joinCells(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

/** Pads all but the last column. */
function pad(text: string, widths: readonly number[], index: number): string {
  const missing = index === widths.length - 1 ? 0 : (widths[index] ?? 0) - widthOf(text);
  return text + ' '.repeat(Math.max(0, missing));
}

/** Columns on the screen: East Asian wide characters and emoji take two, combining marks none (a subset of UAX #11). */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      ) && character.charCodeAt(0) > 0x2000
        ? 2
        : 1;
  }
  return width;
}
