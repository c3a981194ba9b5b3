/** gRPC handlers of clusters. */
import { invalidArgument } from '../../../core/errors/marid-error.js';
import { clusterFromMessage, clusterToMessage } from '../../../proto/codec/index.js';
import { ClusterStatus, type Cluster as ClusterMessage } from '../../../proto/gen/marid/v1/cluster_pb.js';
import type { ClusterService } from '../../../proto/gen/marid/v1/cluster_service_pb.js';
import type { ServiceHandlers } from '../../../proto/rpc/service.js';
import type { ResourceService } from '../registry/resource-service.js';

/** Handlers over the entries of the kind. */
export function createClusterHandlers(entries: ResourceService<'cluster'>): ServiceHandlers<typeof ClusterService> {
  return {
    createCluster: async (request) => {
      const given = clusterFromMessage(required(request.cluster));
      return { cluster: clusterToMessage(await entries.create(given)) };
    },
    getCluster: async (request) => ({ cluster: clusterToMessage(await entries.get(request.id)) }),
    listClusters: async (request) => {
      const statuses = request.statuses.map((status) => ClusterStatus[status] ?? 'UNKNOWN');
      const page = entries.list({ ...request, statuses: statuses.filter((status) => status !== 'UNSPECIFIED') });
      return { clusters: page.entries.map(clusterToMessage), nextPageToken: page.nextPageToken };
    },
    updateCluster: async (request) => {
      const message = required(request.cluster);
      const given = clusterFromMessage(message);
      const statusGiven = message.status !== ClusterStatus.UNSPECIFIED;
      const change = { given, mask: request.updateMask?.paths ?? [], statusGiven };
      return { cluster: clusterToMessage(await entries.update(change, message.etag)) };
    },
    deleteCluster: async (request) => {
      await entries.delete(request.id, request.etag);
      return {};
    },
  };
}

function required(message: ClusterMessage | undefined): ClusterMessage {
  if (message === undefined) throw invalidArgument([{ field: 'cluster', description: 'is required' }]);
  return message;
}
