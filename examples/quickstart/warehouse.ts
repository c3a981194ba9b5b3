/** The quickstart's data: a "warehouse" is a database file with generated orders. */
import Database from 'libsql';

const COUNTRIES = ['AT', 'BR', 'DE', 'IN', 'JP', 'KE', 'NO', 'US'];
const ROWS = 100_000;

/** Creates a database file with 100,000 orders; the seed decides their amounts, so that two warehouses differ. */
export function createWarehouse(path: string, seed: number): void {
  const database = new Database(path);
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
  database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, country TEXT NOT NULL, cents INTEGER NOT NULL)');
  const insert = database.prepare('INSERT INTO orders (country, cents) VALUES (?, ?)');
  const next = generator(seed);
  database.exec('BEGIN');
  for (let row = 0; row < ROWS; row += 1) {
    insert.run(COUNTRIES[Math.floor(next() * COUNTRIES.length)], Math.floor(next() * 50_000));
  }
  database.exec('COMMIT');
  database.close();
}

/** Mulberry32: small and repeatable. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
