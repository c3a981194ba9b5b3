/** Every message, enum and service of `marid.v1`, for users of the package. */
export * from './gen/marid/v1/application_pb.js';
export * from './gen/marid/v1/application_service_pb.js';
export * from './gen/marid/v1/cluster_pb.js';
export * from './gen/marid/v1/cluster_service_pb.js';
export * from './gen/marid/v1/command_pb.js';
export * from './gen/marid/v1/command_service_pb.js';
export * from './gen/marid/v1/criterion_pb.js';
export * from './gen/marid/v1/fleet_service_pb.js';
export * from './gen/marid/v1/job_pb.js';
export * from './gen/marid/v1/job_service_pb.js';
export * from './gen/marid/v1/log_service_pb.js';
export * from './gen/marid/v1/worker_node_service_pb.js';
export * from './gen/marid/v1/worker_service_pb.js';
