/** Tests run from the TypeScript sources in ESM mode. `NODE_OPTIONS` is set by `npm test`. */
export default {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  globalSetup: '<rootDir>/test/support/engines/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/engines/global-teardown.mjs',
  reporters: ['default', '<rootDir>/test/support/engines/reporter.mjs'],
  testTimeout: 30000,
  maxWorkers: 2,
};
