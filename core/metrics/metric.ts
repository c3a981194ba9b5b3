/** Measurements that others may read, and their text in the format of Prometheus (version 0.0.4). */

/** One value of a metric. */
export interface Sample {
  /** Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** What a histogram adds to its name: `_bucket`, `_sum` or `_count`. Default: nothing. */
  readonly suffix?: string;
}

/** A family of values. */
export interface Metric {
  /** With the unit at its end, and `_total` where it only grows. */
  readonly name: string;
  /** One line for people. */
  readonly help: string;
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly samples: readonly Sample[];
}

/** A gauge; samples with the same labels are summed. */
export function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  const sums = new Map<string, Sample>();
  for (const sample of samples) {
    const key = JSON.stringify(sample.labels);
    sums.set(key, { ...sample, value: sample.value + (sums.get(key)?.value ?? 0) });
  }
  return { name, help, type: 'gauge', samples: [...sums.values()] };
}

/** The text of all. Label values may be anything: they are escaped. */
export function renderMetrics(metrics: readonly Metric[]): string {
  return metrics.map(render).join('');
}

function render({ name, help, type, samples }: Metric): string {
  const head = `# HELP ${name} ${escape(help, /[\\\n]/g)}\n# TYPE ${name} ${type}\n`;
  return head + samples.map((sample) => lineOf(name, sample)).join('');
}

function lineOf(name: string, { labels = {}, value, suffix = '' }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(text, /[\\\n"]/g)}"`);
  return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${String(value)}\n`;
}

function escape(text: string, special: RegExp): string {
  return text.replace(special, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
