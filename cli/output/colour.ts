/** Colour where a person sees it. */
import pico from 'picocolors';
import type { CliContext, CliStream } from '../context.js';

/** Paints texts, or leaves them as they are. */
export type Palette = ReturnType<typeof pico.createColors>;

/** Colours for a stream: only on a terminal, and not with `NO_COLOR` set (https://no-color.org). */
export function paletteFor(context: CliContext, stream: CliStream): Palette {
  const refused = (context.env.NO_COLOR ?? '') !== '' || context.env.TERM === 'dumb';
  return pico.createColors(stream.isTerminal && !refused);
}

const PAINT: Readonly<Record<string, 'green' | 'red' | 'yellow' | 'cyan'>> = {
  SUCCEEDED: 'green',
  UP: 'green',
  ACTIVE: 'green',
  FAILED: 'red',
  INVALID: 'red',
  TERMINATED: 'red',
  SILENT: 'red',
  EXPIRED: 'red',
  KILLED: 'yellow',
  OUT_OF_SERVICE: 'yellow',
  DEPRECATED: 'yellow',
  DRAINING: 'yellow',
  RUNNING: 'cyan',
};

/** Paints a status by what it means; `text` may be padded. */
export function paintStatus(palette: Palette, text: string): string {
  const colour = PAINT[text.trim()];
  return colour === undefined ? text : palette[colour](text);
}
