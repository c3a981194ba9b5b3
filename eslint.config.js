import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Packages that are somebody's driver or platform: only `infra` may import them. */
const DRIVERS = [
  '@grpc/*',
  'grpc-health-check',
  'libsql',
  'mongodb',
  'kafkajs',
  'ioredis',
  'redlock',
  '@aws-sdk/*',
  'pino',
  'pino-pretty',
  'uuid',
];

/** Forbids imports of other layers: what a folder may import is everything but `folders` and `packages`. */
function boundary(files, folders, packages = DRIVERS, ignores = []) {
  const patterns = [
    ...folders.map((folder) => ({
      regex: `^(\\.\\./)+${folder}/`,
      message: `This layer does not import ${folder}/; see the folder map in ARCHITECTURE.md.`,
    })),
    { group: packages, message: 'Drivers are imported in infra/ only.' },
  ];
  return { files, ignores, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

const AMBIENT = [
  { object: 'Date', property: 'now', message: 'Take a Clock.' },
  { object: 'Math', property: 'random', message: 'Take a Random.' },
  { object: 'process', property: 'env', message: 'Environment is read in main.ts and infra/runtime.' },
];
const AMBIENT_GLOBALS = ['setTimeout', 'setInterval', 'console'].map((name) => ({
  name,
  message: 'Only infra/runtime and main.ts touch time, environment and console: take a port.',
}));

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'proto/gen', 'coverage'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  { files: ['test/**/*.ts'], rules: { 'max-lines-per-function': 'off', '@typescript-eslint/unbound-method': 'off' } },
  {
    files: ['**/*.ts'],
    ignores: ['infra/runtime/**', '**/main.ts', 'test/**', 'bench/**', 'examples/**'],
    rules: {
      'no-restricted-properties': ['error', ...AMBIENT],
      'no-restricted-globals': ['error', ...AMBIENT_GLOBALS],
    },
  },
  boundary(
    ['core/**'],
    ['proto', 'client', 'services', 'workers', 'infra', 'cli'],
    [...DRIVERS, 'node:*', '@bufbuild/*'],
  ),
  boundary(['proto/**'], ['client', 'services', 'workers', 'infra', 'cli']),
  boundary(['services/**'], ['client', 'workers', 'infra', 'cli'], DRIVERS, ['**/main.ts']),
  boundary(['workers/**'], ['client', 'services', 'infra', 'cli'], DRIVERS, ['**/main.ts']),
  boundary(['infra/**'], ['client', 'services', 'workers', 'cli'], ['no-such-package']),
  boundary(['client/**'], ['services', 'workers', 'cli']),
  boundary(['cli/**'], ['services(?!/control-plane/(main|config)\\.js$)', 'workers(?!/gateway/(main|config)\\.js$)']),
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
