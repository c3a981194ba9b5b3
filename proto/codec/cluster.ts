/** Clusters of the registry. */
import type { Cluster, ClusterStatus } from '../../core/registry/resource.js';
import { ClusterStatus as StatusMessage, type Cluster as ClusterMessage } from '../gen/marid/v1/cluster_pb.js';
import { baseFromMessage, baseToMessage } from './resource-base.js';

const STATUS_TO_MESSAGE: Readonly<Record<ClusterStatus, StatusMessage>> = {
  UP: StatusMessage.UP,
  OUT_OF_SERVICE: StatusMessage.OUT_OF_SERVICE,
  TERMINATED: StatusMessage.TERMINATED,
};

const STATUS_FROM_MESSAGE: Readonly<Record<StatusMessage, ClusterStatus>> = {
  [StatusMessage.UNSPECIFIED]: 'UP',
  [StatusMessage.UP]: 'UP',
  [StatusMessage.OUT_OF_SERVICE]: 'OUT_OF_SERVICE',
  [StatusMessage.TERMINATED]: 'TERMINATED',
};

/** A cluster as a message. */
export function clusterToMessage(cluster: Cluster): ClusterMessage {
  return { $typeName: 'marid.v1.Cluster', ...baseToMessage(cluster), status: STATUS_TO_MESSAGE[cluster.status] };
}

/** The cluster of a message. An unspecified or unknown status is the first, `UP`. */
export function clusterFromMessage(message: ClusterMessage): Cluster {
  return { ...baseFromMessage(message), status: STATUS_FROM_MESSAGE[message.status] ?? 'UP' };
}
