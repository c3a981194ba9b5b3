/** Conversions between domain values and messages. Pure; nothing else in the program converts. */
export * from './application.js';
export * from './cluster.js';
export * from './command.js';
export * from './criterion.js';
export * from './exit-result.js';
export * from './job.js';
export * from './job-filter.js';
export * from './job-request.js';
export * from './job-status.js';
export * from './offer.js';
export { referenceOf } from './resource-base.js';
export * from './specification.js';
export * from './time.js';
export * from './topic-log.js';
export * from './transition.js';
export * from './worker.js';
export * from './worker-beat.js';
export * from './worker-event.js';
