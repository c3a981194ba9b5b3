/** A bar chart as SVG, readable on light and dark pages. */
import type { Summary } from './statistics.js';

/** What is drawn. */
export interface BarChart {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly (Summary & { readonly name: string })[];
}

const WIDTH = 720;
const LABEL = 190;
const FIGURE = 110;
const ROW = 30;
const TOP = 44;

/** One horizontal bar for each entry with its median, and a line from the least to the greatest. Names are escaped. */
export function barChart({ title, unit, bars }: BarChart): string {
  const most = Math.max(...bars.map(({ max }) => max), Number.MIN_VALUE);
  const scale = (value: number): number => ((WIDTH - LABEL - FIGURE) * value) / most;
  const height = TOP + bars.length * ROW + 10;
  const rows = bars.map(({ name, median, min, max }, index) => {
    const y = TOP + index * ROW;
    const middle = y + ROW / 2 - 4;
    const color = name.startsWith('marid') ? '#2f6fde' : '#8a94a3';
    return [
      `<text x="${at(LABEL - 8)}" y="${at(middle + 4)}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${at(LABEL)}" y="${at(y)}" width="${at(scale(median))}" height="${at(ROW - 8)}" rx="2" fill="${color}"/>`,
      `<path d="M${at(LABEL + scale(min))} ${at(middle)}H${at(LABEL + scale(max))}" stroke="#d08a1e" stroke-width="2"/>`,
      `<text x="${at(LABEL + scale(max) + 8)}" y="${at(middle + 4)}">${median >= 100 ? median.toFixed(0) : median.toPrecision(3)} ${escaped(unit)}</text>`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" font-family="system-ui, sans-serif" font-size="13">`,
    '<style>text{fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>',
    `<text x="8" y="22" font-size="15" font-weight="600">${escaped(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function at(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
