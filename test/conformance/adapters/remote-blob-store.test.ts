/** The control plane's blobs over gRPC against the suite of their port. */
import { join } from 'node:path';
import { FilesystemBlobStore } from '../../../infra/blobs/filesystem/filesystem-blob-store.js';
import { RemoteBlobStore } from '../../../infra/blobs/remote/remote-blob-store.js';
import { bindService, connectRpc, RpcServer } from '../../../infra/rpc/index.js';
import { SystemClock } from '../../../infra/runtime/system-clock.js';
import { BlobService } from '../../../proto/gen/marid/v1/blob_service_pb.js';
import { createBlobServiceHandlers } from '../../../services/control-plane/api/blob-service.js';
import { QuietLogger } from '../../support/quiet-logger.js';
import { makeTemporaryFolder } from '../../support/temporary-folder.js';
import { blobStoreSuite } from '../suites/blob-store.js';

blobStoreSuite('remote', async () => {
  const folder = makeTemporaryFolder();
  const lent = await FilesystemBlobStore.connect({ folder: join(folder.path, 'blobs') });
  const services = [
    bindService(
      BlobService,
      createBlobServiceHandlers(async () => lent),
    ),
  ];
  const server = await RpcServer.start({
    ...{ listen: '127.0.0.1:0', services, logger: new QuietLogger(), clock: new SystemClock() },
  });
  const channel = connectRpc({ address: server.address });
  const store = new RemoteBlobStore(channel.client(BlobService));
  return {
    store,
    close: async () => {
      await store.close();
      await channel.close();
      await server.stop();
      await lent.close();
      folder.remove();
    },
  };
});
