/** Says at the end of a test run which engines were tested, with what and by how many tests, and which were not. A run that asks for no engine gets no table. */
import { RUN } from './global-setup.mjs';

const NAMES = ['kafka', 'mongo', 'redis', 's3'];

export default class EnginesReporter {
  onRunComplete(_contexts, results) {
    const { engines } = globalThis[RUN] ?? {};
    if (engines === undefined || engines.asked.size === 0) return;
    const tests = results.testResults.flatMap((file) => file.testResults);
    const rows = NAMES.map((name) => rowOf(name, engines.answers.get(name), tests.filter(isOn(name))));
    const unmet = tests.filter((test) => /^on \w+, real only: /.test(test.ancestorTitles[0] ?? '') && skipped(test));
    const lines = [...table([['engine', 'tested with', 'passed', 'failed', 'skipped'], ...rows])];
    if (unmet.length > 0) {
      lines.push('', 'Not run, because they need the real product and had a stand-in or nothing:');
      lines.push(...unmet.map((test) => `  ${test.fullName}`));
    }
    process.stderr.write(`\nEngines of this run\n${lines.join('\n')}\n`);
  }
}

function isOn(name) {
  return (test) => new RegExp(`^on ${name}(, real only)?: `).test(test.ancestorTitles[0] ?? '');
}

function skipped(test) {
  return test.status === 'pending' || test.status === 'skipped';
}

function rowOf(name, answer, tests) {
  const count = (matches) => String(tests.filter(matches).length);
  const counts = [(t) => t.status === 'passed', (t) => t.status === 'failed', skipped].map(count);
  return [name, describe(answer), ...counts];
}

function describe(answer) {
  if (answer === undefined) return 'NOT TESTED: no test asked for it';
  return answer.kind === 'found' ? answer.product : `NOT TESTED: ${answer.reason.split('\n')[0]}`;
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}
