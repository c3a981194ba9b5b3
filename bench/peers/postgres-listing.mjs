/**
 * The same listing by hand on PostgreSQL: a table with the documents and an index for each filter, pages by key. Prints the milliseconds of the first and of the deepest page of each filter as JSON.
 * Settings come in the environment: BENCH_URL, BENCH_MODULES, BENCH_JOBS, BENCH_DOCUMENT (JSON of one job).
 */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const { BENCH_URL, BENCH_MODULES, BENCH_JOBS, BENCH_DOCUMENT } = process.env;
const { Client } = createRequire(`${BENCH_MODULES}/package.json`)('pg');
const REPEATS = 200;
const PAGE = 50;
const FIRST_MS = 1_700_000_000_000;

const client = new Client({ connectionString: BENCH_URL });
await client.connect();
await client.query(
  `CREATE TABLE jobs (id text PRIMARY KEY, created_at bigint NOT NULL, user_name text NOT NULL, status text NOT NULL, document jsonb NOT NULL)`,
);
await client.query(
  `CREATE TABLE job_tags (tag text NOT NULL, created_at bigint NOT NULL, id text NOT NULL, PRIMARY KEY (tag, created_at, id))`,
);
const range = `generate_series(0, ${Number(BENCH_JOBS) - 1}) AS n`;
const id = `'job-' || lpad(n::text, 9, '0')`;
await client.query(
  `INSERT INTO jobs SELECT ${id}, ${FIRST_MS} + n * 1000::bigint, 'user-' || n % 100, 'ACCEPTED', $1::jsonb FROM ${range}`,
  [BENCH_DOCUMENT],
);
await client.query(
  `INSERT INTO job_tags SELECT 'team:' || n % 1000, ${FIRST_MS} + n * 1000::bigint, ${id} FROM ${range}`,
);
for (const column of ['', 'user_name, ', 'status, '])
  await client.query(`CREATE INDEX ON jobs (${column}created_at, id)`);
await client.query('VACUUM ANALYZE');

const page = (from, alias, where) => ({
  text: `SELECT j.document FROM ${from} WHERE ${where} (${alias}.created_at, ${alias}.id) < ($1, $2) ORDER BY ${alias}.created_at DESC, ${alias}.id DESC LIMIT ${PAGE}`,
  oldest: `SELECT * FROM (SELECT ${alias}.created_at, ${alias}.id FROM ${from} WHERE ${where} true ORDER BY 1, 2 LIMIT ${PAGE + 1}) AS o ORDER BY 1 DESC LIMIT 1`,
});
const filters = {
  'all jobs': page('jobs j', 'j', ''),
  'of a user (1 in 100)': page('jobs j', 'j', `j.user_name = 'user-7' AND`),
  'of a tag (1 in 1,000)': page('job_tags t JOIN jobs j USING (id)', 't', `t.tag = 'team:7' AND`),
  'of a status': page('jobs j', 'j', `j.status = 'ACCEPTED' AND`),
};

async function medianOf(name, text, values) {
  const times = [];
  for (let index = 0; index < REPEATS; index += 1) {
    const started = performance.now();
    const { rows } = await client.query({ name, text, values });
    times.push(performance.now() - started);
    if (rows.length === 0) throw new Error('a page has jobs');
  }
  return times.sort((a, b) => a - b)[REPEATS / 2];
}

const found = {};
for (const [name, { text, oldest }] of Object.entries(filters)) {
  const { rows } = await client.query(oldest);
  const first = await medianOf(name, text, ['9000000000000000', '~']);
  found[name] = { first, deepest: await medianOf(name, text, [rows[0].created_at, rows[0].id]) };
}
process.stdout.write(`${JSON.stringify(found)}\n`);
await client.end();
